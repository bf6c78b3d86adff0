//! What is the same for every operator and every operation, one by one.

use std::sync::Arc;

use haechi_iam::{
    Action, Caller, Context, KmsGrant, Operator, Polarity, Policies, PolicyKind, Prepared, Question, Resource, Verdict,
};

/// The operators that compare values: of texts, numbers, dates, truth, bytes, addresses, ARNs.
const COMPARISONS: [&str; 26] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
];

/// Whether an Allow under the condition matches.
fn holds(operator: &str, values: &str, context: &Context) -> bool {
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {{"{operator}": {{"app:key": {values}}}}}}}]}}"#
    );
    let identity = [Arc::new(Prepared::parse(PolicyKind::Identity, "p", &text).expect(operator))];
    assert!(identity[0].faults().is_empty(), "{operator}: {:?}", identity[0].faults());
    let caller = Caller::from_arn("arn:aws:iam::111122223333:user/mina").unwrap();
    let action = Action::parse("s3:GetObject").unwrap();
    let resource = Resource::new("arn:aws:s3:::b/k").in_account("111122223333");
    let policies = Policies { identity: &identity, ..Policies::default() };
    let question = Question { caller: &caller, action: &action, resource: &resource, context, policies };
    question.decide().verdict() == Verdict::Allowed
}

/// A value that each operator reads.
fn value(operator: &str) -> &'static str {
    match operator {
        name if name.starts_with("Numeric") => "7",
        name if name.starts_with("Date") => "2026-11-22T00:00:00Z",
        "Bool" => "true",
        "BinaryEquals" => "aGFlY2hp",
        name if name.ends_with("IpAddress") => "203.0.113.7",
        name if name.starts_with("Arn") => "arn:aws:sns:us-east-1:111122223333:topic",
        _ => "red",
    }
}

fn is_negated(operator: &str) -> bool {
    operator.contains("Not")
}

#[test]
fn every_operator_compares_a_value_with_itself() {
    for operator in COMPARISONS {
        let value = value(operator);
        let mut context = Context::new();
        context.set("app:key", value);
        let strict = operator.ends_with("Than");
        let expected = !is_negated(operator) && !strict;
        assert_eq!(holds(operator, &format!("\"{value}\""), &context), expected, "{operator}");
        // Any of the values is enough; a negated operator holds if none of them is equal.
        assert_eq!(holds(operator, &format!("[\"no such\", \"{value}\"]"), &context), expected, "{operator}");
        let known = Operator::parse(operator).expect(operator);
        assert_eq!(known.polarity() == Polarity::Negated, is_negated(operator), "{operator}");
    }
}

#[test]
fn every_operator_without_its_key() {
    for operator in COMPARISONS {
        let values = format!("\"{}\"", value(operator));
        let none = Context::new();
        assert_eq!(holds(operator, &values, &none), is_negated(operator), "{operator}");
        assert!(holds(&format!("{operator}IfExists"), &values, &none), "{operator}IfExists");
        assert!(holds(&format!("ForAllValues:{operator}"), &values, &none), "ForAllValues:{operator}");
        assert!(!holds(&format!("ForAnyValue:{operator}"), &values, &none), "ForAnyValue:{operator}");
        assert!(holds(&format!("ForAllValues:{operator}IfExists"), &values, &none), "ForAllValues:{operator}IfExists");
    }
}

#[test]
fn every_operator_with_many_values_needs_a_set_operator() {
    for operator in COMPARISONS {
        let value = value(operator);
        let values = format!("\"{value}\"");
        let mut many = Context::new();
        many.set_all("app:key", [value, value]);
        assert!(!holds(operator, &values, &many), "{operator}");
        assert!(!holds(&format!("{operator}IfExists"), &values, &many), "{operator}IfExists");
        let expected = !is_negated(operator) && !operator.ends_with("Than");
        for set in ["ForAllValues", "ForAnyValue"] {
            assert_eq!(holds(&format!("{set}:{operator}"), &values, &many), expected, "{set}:{operator}");
            // A single value is a set of one.
            let mut one = Context::new();
            one.set("app:key", value);
            assert_eq!(holds(&format!("{set}:{operator}"), &values, &one), expected, "{set}:{operator} of one");
        }
    }
}

/// Variables are replaced in the operators of texts and of ARNs, and in no others.
#[test]
fn every_operator_with_a_variable() {
    for operator in COMPARISONS.into_iter().filter(|operator| !is_negated(operator)) {
        let value = value(operator);
        let mut context = Context::new();
        context.set("app:key", value).set("aws:PrincipalTag/own", value);
        let replaces = operator.starts_with("String") || operator.starts_with("Arn");
        assert_eq!(holds(operator, r#""${aws:PrincipalTag/own}""#, &context), replaces, "{operator}");
    }
}

/// The operations that KMS takes in a grant, as CreateGrant's model lists them.
#[test]
fn every_operation_of_a_grant_is_granted() {
    let operations = [
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
        "Sign",
        "Verify",
        "GetPublicKey",
        "CreateGrant",
        "RetireGrant",
        "DescribeKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateMac",
        "VerifyMac",
        "DeriveSharedSecret",
        "Encapsulate",
        "Decapsulate",
    ];
    let key = "arn:aws:kms:us-east-1:111122223333:key/k1";
    let mina = "arn:aws:iam::111122223333:user/mina";
    let (caller, resource, context) = (Caller::from_arn(mina).unwrap(), Resource::new(key), Context::new());
    for granted in operations {
        let grants = [KmsGrant::new("g", key, mina, [granted], Vec::new())];
        for asked in operations {
            let action = Action::parse(&format!("kms:{asked}")).unwrap();
            let policies = Policies { grants: &grants, ..Policies::default() };
            let question =
                Question { caller: &caller, action: &action, resource: &resource, context: &context, policies };
            let allowed = question.decide().verdict() == Verdict::Allowed;
            assert_eq!(allowed, asked == granted, "{granted} grants {asked}");
        }
    }
}
