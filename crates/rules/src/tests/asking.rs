//! Rules that ask about the whole organization: verdicts, what is not known, and what makes them be asked again.

use std::sync::Arc;

use haechi_access::Answers;
use haechi_iam::catalogue::Catalogue;
use haechi_model::{Compliance, ConfigurationItem, Evaluation, Read, RuleInstance};
use serde_json::{Value, json};

use super::rules::compiled;
use super::{item_of, map, now};
use crate::frame::Recording;
use crate::judge::Judge;
use crate::standing::Standing;
use crate::world::{Access, World};

fn user(name: &str, statements: Value) -> ConfigurationItem {
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let arn = format!("arn:aws:iam::123456789012:user/{name}");
    let configuration = json!({
        "path": "/", "userName": name, "arn": arn, "groupList": [], "attachedManagedPolicies": [],
        "userPolicyList": [{"policyName": "own", "policyDocument": document}],
    });
    item_of("AWS::IAM::User", name, &json!({"arn": arn, "configuration": configuration}))
}

fn access(items: &[&ConfigurationItem]) -> Access {
    let mut builder = Answers::builder();
    items.iter().for_each(|item| builder.add(item));
    let catalogue = Arc::new(Catalogue::read(haechi_content::iam::actions()).unwrap());
    Access::Known(Arc::new(builder.build(catalogue, now()).unwrap()))
}

fn world(access: Access) -> World {
    let mut builder = World::builder();
    builder.access(access);
    builder.build()
}

fn judge(check: &str) -> Judge {
    let rule = compiled(json!({"resources": ["AWS::IAM::User"], "check": check}));
    Judge::new(vec![(rule, RuleInstance::new("TEST_RULE", map([]), None))])
}

fn verdict(check: &str, access: Access, item: &ConfigurationItem) -> Evaluation {
    judge(check).evaluate(&world(access), now(), item, Recording::On).remove(0)
}

#[track_caller]
fn check(check: &str, expected: Compliance) {
    let reader =
        user("reader", json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::notes/*"}]));
    let rising = user("rising", json!([{"Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*"}]));
    let got = verdict(check, access(&[&reader, &rising]), &reader);
    assert_eq!(got.compliance, expected, "{check}: {:?}", got.message);
}

#[test]
fn rules_ask_the_engine() {
    use Compliance::{Compliant, InsufficientData, NonCompliant};
    // What the bucket's own policy says nobody recorded.
    check("may(arn, 's3:GetObject', 'arn:aws:s3:::other/a') == 'no'", InsufficientData);
    check("may(arn, 'iam:CreateUser', '*') == 'no'", Compliant);
    check("may('arn:aws:iam::123456789012:user/rising', 'iam:AttachUserPolicy', arn) == 'yes'", Compliant);
    check("size(whoMay('iam:AttachUserPolicy', arn).filter(w, w.kind == 'user')) == 1", Compliant);
    check(
        "whoMay('iam:AttachUserPolicy', arn).exists(w, w.principal.endsWith('user/rising') && w.answer == 'yes')",
        Compliant,
    );
    check("size(escalationPaths(arn)) == 0", Compliant);
    check("size(escalationPaths('arn:aws:iam::123456789012:user/rising')) == 0", NonCompliant);
    check("first(escalationPaths('arn:aws:iam::123456789012:user/rising')).steps.id == ['iam-008']", Compliant);
    check("size(escalationPaths('arn:aws:iam::123456789012:user/nobody')) == 0", InsufficientData);
    check("size(externalAccess('arn:aws:sqs:us-east-1:123456789012:none')) == 0", Compliant);
    check("size(guardrailMistakes('p-1')) == 0", InsufficientData);
    check("size(accessReview('u-1')) == 0", InsufficientData);
    check("size(unusedAccess('arn:aws:iam::123456789012:user/nobody', 90)) == 0", InsufficientData);
    check("size(escalationPaths(configuration.passwordLastUsed)) == 0", InsufficientData);
    check("may(arn, 'not an action', '*') == 'no'", InsufficientData);
    check(
        "size(policyFindings(first(configuration.userPolicyList).policyDocument, 'identity').filter(f, f.class == 'error')) == 0",
        Compliant,
    );
    check(
        "policyFindings('{\"Statement\":{\"Effect\":\"Alow\"}}', 'identity').exists(f, f.class == 'error')",
        Compliant,
    );
    check("size(policyFindings('x', 'poem')) == 0", InsufficientData);
}

#[test]
fn without_the_organization_nothing_is_known() {
    let one = user("one", json!([]));
    for access in [Access::Absent, Access::Failed("a circle".to_owned())] {
        let got = verdict("size(escalationPaths(arn)) == 0", access, &one);
        assert_eq!(got.compliance, Compliance::InsufficientData);
        assert!(got.message.args.contains_key("reason"), "{:?}", got.message);
    }
}

#[test]
fn a_change_elsewhere_makes_it_be_asked_again() {
    let question = "whoMay('iam:CreateUser', '*').all(w, w.kind == 'root')";
    let judge = judge(question);
    let (mine, other) = (user("mine", json!([])), user("other", json!([])));
    let risen = user("other", json!([{"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"}]));
    let before = world(access(&[&mine, &other]));
    let evaluations = judge.evaluate(&before, now(), &mine, Recording::On);
    assert_eq!(evaluations[0].compliance, Compliance::Compliant);
    let asked = |read: &Read| matches!(read, Read::Asked { question, .. } if question[0] == "whoMay");
    assert!(evaluations[0].reads.iter().any(asked));
    let kept: Vec<Evaluation> = serde_json::from_str(&serde_json::to_string(&evaluations).unwrap()).unwrap();
    assert_eq!(judge.evaluate_again(&kept, &before, now(), &mine).1, 0, "nothing has changed");
    let (again, anew) = judge.evaluate_again(&kept, &world(access(&[&mine, &risen])), now(), &mine);
    assert_eq!((again[0].compliance, anew), (Compliance::NonCompliant, 1));

    let mut standing = Standing::new(judge, before);
    standing.evaluate(now(), &mine, Recording::On);
    assert!(standing.affected(now()).again.is_empty());
    standing.know(access(&[&mine, &risen]));
    assert_eq!(standing.affected(now()).again, [mine.key().clone()]);
    let verdict = standing.evaluate(now(), &mine, Recording::On);
    assert_eq!(verdict[0].compliance, Compliance::NonCompliant);
}
