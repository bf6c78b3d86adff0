//! The graph of trust between roles and those of elsewhere.

use haechi_access::sharing::{TrustAnswer, TrustEdge, TrustKind, TrustNote, trusts};
use serde_json::{Value, json};

use crate::made::{DEV, Items, OUTSIDE, PROD, allow, deny, role, user};

fn trusting(statement: Value) -> Value {
    let mut statement = statement;
    statement["Effect"] = json!("Allow");
    if statement.get("Action").is_none() {
        statement["Action"] = json!("sts:AssumeRole");
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn edges(items: &Items) -> Vec<TrustEdge> {
    trusts(&items.world(), &[PROD.to_owned()]).edges
}

/// The one edge to a role with this trust, in a world with some principals of the lab's.
#[track_caller]
fn check(statement: Value, kind: TrustKind, from: &str, answer: TrustAnswer, notes: &[TrustNote]) -> TrustEdge {
    let mut items = Items::organization();
    items.role(PROD, "app", &trusting(statement), &[], &[]);
    items.user(DEV, "mina", &[allow("sts:AssumeRole", "*")], &[], &[]);
    items.user(DEV, "idle", &[], &[], &[]);
    let found = edges(&items);
    assert_eq!(found.len(), 1, "{found:#?}");
    let edge = &found[0];
    assert_eq!((edge.kind, edge.from.as_str(), edge.answer), (kind, from, answer), "{edge:#?}");
    assert_eq!(edge.notes, notes);
    edge.clone()
}

#[test]
fn an_account_of_the_record_with_who_may() {
    let edge = check(json!({"Principal": {"AWS": DEV}}), TrustKind::Account, DEV, TrustAnswer::Yes, &[]);
    assert_eq!(edge.holders, [user(DEV, "mina")]);
    assert!(edge.known);
}

#[test]
fn a_principal_of_another_account_needs_both_sides() {
    let principal = |name: &str| json!({"Principal": {"AWS": user(DEV, name)}});
    check(principal("mina"), TrustKind::Principal, &user(DEV, "mina"), TrustAnswer::Yes, &[]);
    check(principal("idle"), TrustKind::Principal, &user(DEV, "idle"), TrustAnswer::No, &[TrustNote::Unused]);
}

#[test]
fn an_account_outside_is_theirs_to_say() {
    let principal = json!({"AWS": OUTSIDE});
    let bare = json!({"Principal": principal});
    check(bare, TrustKind::Account, OUTSIDE, TrustAnswer::Theirs, &[TrustNote::NoExternalId]);
    let with_id = json!({"Principal": principal, "Condition": {"StringEquals": {"sts:ExternalId": "x-1"}}});
    let edge = check(with_id, TrustKind::Account, OUTSIDE, TrustAnswer::Conditional, &[TrustNote::ExternalId]);
    assert_eq!(edge.keys, ["sts:ExternalId"]);
    let arn = role(OUTSIDE, "vendor");
    let named = json!({"Principal": {"AWS": arn}, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}});
    check(named, TrustKind::Principal, &arn, TrustAnswer::Conditional, &[TrustNote::Mfa, TrustNote::NoExternalId]);
}

#[test]
fn everybody() {
    let all = json!({"Principal": "*"});
    check(all, TrustKind::EveryAccount, "*", TrustAnswer::Theirs, &[]);
    let own = json!({"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}});
    check(own, TrustKind::EveryAccount, "*", TrustAnswer::Conditional, &[]);
}

#[test]
fn services_by_their_source() {
    let service = |name: &str| json!({"Principal": {"Service": name}});
    let lambda = "lambda.amazonaws.com";
    check(service(lambda), TrustKind::Service, lambda, TrustAnswer::Yes, &[TrustNote::NoSource]);
    let ec2 = "ec2.amazonaws.com";
    check(service(ec2), TrustKind::Service, ec2, TrustAnswer::Yes, &[]);
    let mut narrowed = service(lambda);
    narrowed["Condition"] = json!({"StringEquals": {"aws:SourceAccount": PROD}});
    check(narrowed, TrustKind::Service, lambda, TrustAnswer::Conditional, &[]);
}

#[test]
fn providers_by_their_subject() {
    let provider = format!("arn:aws:iam::{PROD}:oidc-provider/token.actions.githubusercontent.com");
    let key = "token.actions.githubusercontent.com:sub";
    let federated = |condition: Option<Value>| {
        let mut statement = json!({"Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"});
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        statement
    };
    let kind = TrustKind::Federated;
    let edge = check(federated(None), kind, &provider, TrustAnswer::Yes, &[TrustNote::NoSubject]);
    assert_eq!(edge.actions, ["sts:AssumeRoleWithWebIdentity"]);
    for (value, notes) in [
        ("repo:shop/app:ref:refs/heads/main", &[][..]),
        ("repo:shop/*", &[]),
        ("repo:*", &[TrustNote::WideSubject]),
        ("*", &[TrustNote::WideSubject]),
    ] {
        let condition = json!({"StringLike": {key: value}});
        check(federated(Some(condition)), kind, &provider, TrustAnswer::Conditional, notes);
    }
    let saml = format!("arn:aws:iam::{PROD}:saml-provider/idp");
    let statement = json!({"Principal": {"Federated": saml}, "Action": "sts:AssumeRoleWithSAML"});
    check(statement, kind, &saml, TrustAnswer::Yes, &[]);
}

#[test]
fn rcps_and_denials_close_edges_and_the_own_account_is_none() {
    let mut items = Items::organization();
    items.role(PROD, "own", &trusting(json!({"Principal": {"AWS": PROD}})), &[], &[]);
    items.role(PROD, "vendor", &trusting(json!({"Principal": {"AWS": OUTSIDE}})), &[], &[]);
    assert_eq!(edges(&items).len(), 1);
    let closed = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole",
        "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}]});
    let mut guarded = items.clone();
    guarded.org_policy("p-rcp", "RESOURCE_CONTROL_POLICY", &closed, &["r-1"]);
    // Whether the account outside is in that organization is not recorded, but o-1 has no such account.
    let found: Vec<TrustAnswer> = edges(&guarded).iter().map(|edge| edge.answer).collect();
    assert_eq!(found, [TrustAnswer::Conditional]);
    let mut denied = Items::organization();
    denied.role(PROD, "app", &trusting(json!({"Principal": {"AWS": DEV}})), &[], &[]);
    denied.user(DEV, "mina", &[allow("sts:AssumeRole", "*")], &[], &[]);
    denied.scp("p-no", &deny("sts:AssumeRole"), &[DEV]);
    assert_eq!(edges(&denied)[0].notes, [TrustNote::Unused], "the SCPs of the other side count");
}
