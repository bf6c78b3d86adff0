//! Every playbook that Haechi ships with loads, and plans what its examples say.

use haechi_respond::{Library, check_examples, policy};
use serde_json::Map;

#[test]
fn they_load() {
    let library = Library::embedded();
    let problems: Vec<String> = library.problems().iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(library.iter().len() >= 10);
    for playbook in library.iter() {
        assert!(library.get(&playbook.id).is_some());
        assert!(!playbook.references.is_empty(), "{} names its sources", playbook.id);
    }
}

#[test]
fn their_examples_hold() {
    let library = Library::embedded();
    let mut wrong = Vec::new();
    for playbook in library.iter() {
        for failure in check_examples(playbook) {
            wrong.push(format!("{}: {}: {}", failure.playbook, failure.example, failure.why));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn policies_allow_every_call_and_name_what_is_given() {
    let library = Library::embedded();
    for playbook in library.iter() {
        let text = policy(playbook, &Map::new(), Some("111122223333"), "aws").to_string();
        for (_, step) in playbook.steps.iter() {
            let action = haechi_aws::iam_action(&step.change.call.service, &step.change.call.name);
            assert!(text.contains(&format!("\"{action}\"")), "{}: {action} in {text}", playbook.id);
        }
    }
    let playbook = library.get("revoke-role-sessions").unwrap();
    let mut inputs = Map::new();
    inputs.insert("roleName".into(), "web".into());
    let policy = policy(playbook, &inputs, Some("111122223333"), "aws");
    assert_eq!(
        policy["Statement"][1],
        serde_json::json!({"Sid": "Change1", "Effect": "Allow",
            "Action": ["iam:DeleteRolePolicy", "iam:PutRolePolicy"],
            "Resource": ["arn:aws:iam::111122223333:role/*/web", "arn:aws:iam::111122223333:role/web"]})
    );
}
