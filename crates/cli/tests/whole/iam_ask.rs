//! `haechi iam simulate --principal`, `who-can` and `what-can` over the example organization.

use serde_json::{Value, json};

use crate::support::{Haechi, workspace};

/// The example organization, recorded.
fn example() -> Haechi {
    let haechi = Haechi::new();
    let folder = workspace().join("examples/organization");
    haechi.run(&["assess", folder.to_str().expect("UTF-8"), "--quiet", "--fail-on", "never"], 0);
    haechi
}

fn rows(haechi: &Haechi, arguments: &[&str]) -> Vec<Value> {
    let text = haechi.text(&[&["iam"], arguments, &["--format", "jsonl"]].concat(), 0);
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Who has which answer: `answer kind name@account`, of an ARN its last part.
fn named(rows: &[Value]) -> Vec<String> {
    let text = |row: &Value, member: &str| row[member].as_str().unwrap_or_default().to_owned();
    let one = |row: &Value| {
        format!("{} {} {}@{}", text(row, "answer"), text(row, "kind"), text(row, "name"), text(row, "account"))
    };
    rows.iter().map(one).collect()
}

#[test]
fn one_request_is_decided_and_explained() {
    let haechi = example();
    let ask = |principal: &str, action: &str, resource: &str, code: i32| -> Value {
        let arguments = [
            "iam",
            "simulate",
            "--principal",
            principal,
            "--action",
            action,
            "--resource",
            resource,
            "--format",
            "json",
        ];
        serde_json::from_str(&haechi.text(&arguments, code)).expect("JSON")
    };
    let migration = "arn:aws:iam::777788889999:user/old-migration";
    // Cross-account: the bucket policy opens it to everyone.
    let allowed = ask(migration, "s3:GetObject", "arn:aws:s3:::shop-images/cat.png", 0);
    assert_eq!(allowed["decision"], "Allowed");
    assert_eq!(allowed["resourceAccount"], "444455556666");
    assert!(allowed["because"].as_array().expect("a list").iter().any(|one| one["layer"] == "resource"));
    let denied = ask(migration, "s3:PutObject", "arn:aws:s3:::sandbox-share-2023/x", 1);
    assert_eq!(denied["decision"], "ImplicitlyDenied");
    assert_eq!(denied["missing"], json!([{"what": "identityOrResource"}]));
    // The document of an AWS managed policy is known without being recorded.
    let admin =
        ask("arn:aws:iam::777788889999:user/dev-shared", "iam:CreateUser", "arn:aws:iam::777788889999:user/x", 0);
    assert_eq!(
        (&admin["because"][0]["policy"], &admin["because"][0]["line"]),
        (&json!("AdministratorAccess"), &json!(1))
    );
    assert_eq!(admin["because"][0]["via"], json!({"managed": "arn:aws:iam::aws:policy/AdministratorAccess"}));
    assert_eq!(admin["gaps"], json!([]), "everything was recorded");
    assert!(admin["layers"].as_array().expect("a list").iter().any(|layer| layer["layer"] == "scp"), "{admin}");
    let anonymous = ask("*", "s3:GetObject", "arn:aws:s3:::shop-images/cat.png", 0);
    assert_eq!(anonymous["decision"], "Allowed");
    let table = haechi.text(
        &[
            "iam",
            "simulate",
            "--principal",
            migration,
            "--action",
            "s3:PutObject",
            "--resource",
            "arn:aws:s3:::sandbox-share-2023/x",
        ],
        1,
    );
    assert!(table.contains("Decision: implicitly denied"), "{table}");
    for (arguments, words) in [
        (["nobody", "s3:GetObject", "*"], "is not an ARN"),
        (["arn:aws:iam::777788889999:user/gone", "s3:GetObject", "*"], "was not recorded"),
        ([migration, "s3", "*"], "service:Name"),
        ([migration, "s3:GetObject", "bucket"], "is no ARN"),
    ] {
        let [principal, action, resource] = arguments;
        let output =
            haechi.run(&["iam", "simulate", "--principal", principal, "--action", action, "--resource", resource], 2);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
    }
}

#[test]
fn who_can_names_everybody() {
    let haechi = example();
    let found = named(&rows(
        &haechi,
        &["who-can", "lambda:InvokeFunction", "arn:aws:lambda:ap-northeast-2:777788889999:function:webhook"],
    ));
    assert_eq!(found[0], "yes everyone *@");
    let found = named(&rows(&haechi, &["who-can", "iam:CreateUser", "arn:aws:iam::777788889999:user/new"]));
    assert!(found.contains(&"yes user dev-shared@777788889999".to_owned()), "{found:?}");
    assert!(found.contains(&"yes root root@777788889999".to_owned()), "{found:?}");
    assert!(!found.iter().any(|row| row.contains("@111122223333")), "{found:?}");
    // The past: nothing was recorded before the snapshots.
    let output = haechi.run(&["iam", "who-can", "iam:CreateUser", "--as-of", "2020-01-01"], 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing was recorded"));
}

#[test]
fn what_can_lists_actions() {
    let haechi = example();
    let migration = "arn:aws:iam::777788889999:user/old-migration";
    let found = rows(&haechi, &["what-can", migration, "--service", "s3"]);
    let own: Vec<&Value> = found.iter().filter(|row| row["resource"].is_null()).collect();
    assert_eq!(own.len(), 1, "{own:?}");
    assert_eq!(
        (&own[0]["action"], &own[0]["level"], &own[0]["answer"]),
        (&json!("s3:GetObject"), &json!("read"), &json!("conditional"))
    );
    assert_eq!(own[0]["granted"], json!(["arn:aws:s3:::shop-images/*"]));
    let admin = rows(&haechi, &["what-can", "arn:aws:iam::777788889999:user/dev-shared"]);
    assert!(admin.len() > 15_000, "{}", admin.len());
    // Whether sessions of root users were delegated to this account is not recorded.
    let open: Vec<(&Value, &Value)> =
        admin.iter().filter(|row| row["answer"] != "yes").map(|row| (&row["action"], &row["answer"])).collect();
    assert_eq!(open, [(&json!("sts:AssumeRoot"), &json!("undecidable"))]);
}
