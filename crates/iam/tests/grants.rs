//! What policies grant, rule by rule as AWS Config documents them.

use haechi_iam::{Policy, ResourceScope, StatementMatch};

fn policy(statements: &str) -> Policy {
    Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

fn allow(action: &str, resource: &str) -> Policy {
    policy(&format!(r#"{{"Effect":"Allow","Action":{action},"Resource":{resource}}}"#))
}

fn indexes(found: &[StatementMatch]) -> Vec<usize> {
    found.iter().map(|found| found.index).collect()
}

#[test]
fn admin_access() {
    let cases = [
        (r#""*""#, r#""*""#, true),
        (r#"["s3:GetObject","*"]"#, r#"["arn:aws:s3:::b","*"]"#, true),
        (r#""*:*""#, r#""*""#, true),
        (r#""**""#, r#""*""#, true),
        (r#""service:*""#, r#""*""#, false),
        (r#""*""#, r#""arn:aws:s3:::b""#, false),
    ];
    for (action, resource, expected) in cases {
        assert_eq!(!allow(action, resource).grants_admin().is_empty(), expected, "{action} {resource}");
    }
    let p = policy(
        r#"{"Effect":"Deny","Action":"*","Resource":"*"},
           {"Effect":"Allow","NotAction":"iam:*","Resource":"*"},
           {"Sid":"x","Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":true}}}"#,
    );
    assert_eq!(indexes(&p.grants_admin()), [2]);
    insta::assert_snapshot!(serde_json::to_string(&p.grants_admin()[0]).unwrap(), @r#"{"index":2,"sid":"x","span":{"start":161,"end":274},"actions":["*"],"actionListing":"only","resources":["*"]}"#);
}

#[test]
fn full_access() {
    let cases = [
        (r#""ec2:*""#, true),
        (r#""*""#, true),
        (r#"["s3:GetObject","ec2:*"]"#, true),
        (r#""ec2:Describe*""#, false),
        (r#""ec2:*Snapshot""#, false),
        (r#""ec2:DescribeInstances""#, false),
    ];
    for (action, expected) in cases {
        for resource in [r#""*""#, r#""arn:aws:ec2:us-east-1:111122223333:instance/i""#] {
            assert_eq!(!allow(action, resource).full_access_statements().is_empty(), expected, "{action}");
        }
    }
    assert!(policy(r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#).full_access_statements().is_empty());
    assert!(policy(r#"{"Effect":"Allow","NotAction":"ec2:*","Resource":"*"}"#).full_access_statements().is_empty());
}

#[test]
fn blocked_kms_actions() {
    let blocked = ["kms:Decrypt", "kms:ReEncrypt*"];
    let cases = [
        (r#""Action":"kms:Decrypt","Resource":"*""#, true),
        (r#""Action":"kms:decrypt","Resource":"*""#, true),
        (r#""Action":"kms:*","Resource":"*""#, true),
        (r#""Action":"*","Resource":"*""#, true),
        (r#""Action":"kms:ReEncryptFrom","Resource":"*""#, true),
        (r#""Action":"kms:ReEncryptFrom","Resource":"arn:aws:kms:*:*:key/*""#, true),
        (r#""Action":"kms:Decrypt","Resource":"arn:aws:kms:us-east-1:111122223333:key/*""#, true),
        (r#""Action":"kms:Decrypt","Resource":"arn:aws:kms:us-east-1:111122223333:*""#, true),
        (r#""Action":"kms:Decrypt","Resource":"arn:aws:kms:*""#, true),
        (r#""Action":"kms:Decrypt","Resource":"arn:aws-cn:kms:*""#, true),
        (r#""Action":"kms:Decrypt","Resource":"arn:aws:kms:us-east-1:111122223333:key/1234abcd""#, false),
        (r#""Action":"kms:Decrypt","Resource":"arn:aws:kms:us-east-1:111122223333:alias/*""#, false),
        (r#""Action":"kms:Decrypt","Resource":"arn:aws:s3:::*""#, false),
        (r#""Action":"kms:Encrypt","Resource":"*""#, false),
        (r#""NotAction":"iam:*","Resource":"*""#, true),
        (r#""NotAction":"kms:*","Resource":"*""#, false),
        (r#""Action":"kms:*","NotResource":"arn:aws:s3:::b""#, true),
        (r#""Action":"kms:*","NotResource":"arn:aws:kms:us-east-1:111122223333:key/k""#, false),
    ];
    for (body, expected) in cases {
        let p = policy(&format!(r#"{{"Effect":"Allow",{body}}}"#));
        assert_eq!(!p.statements_allowing(&blocked, ResourceScope::AllKmsKeys).is_empty(), expected, "{body}");
    }
}

#[test]
fn scopes() {
    let p = policy(
        r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"},
           {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},
           {"Effect":"Allow","Action":"s3:GetObject","NotResource":"arn:aws:s3:::b/*"},
           {"Effect":"Deny","Action":"s3:GetObject","Resource":"*"},
           {"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#,
    );
    let get = ["s3:GetObject"];
    assert_eq!(indexes(&p.statements_allowing(&get, ResourceScope::Any)), [0, 1, 2]);
    assert_eq!(indexes(&p.statements_allowing(&get, ResourceScope::Everything)), [0]);
    assert_eq!(indexes(&p.allows("s3:getobject")), [0]);
    assert_eq!(indexes(&p.statements_allowing(&get, ResourceScope::Arn("arn:aws:s3:::b/k"))), [0, 1]);
    assert_eq!(indexes(&p.statements_allowing(&get, ResourceScope::Arn("arn:aws:s3:::c/k"))), [0, 2]);
    assert_eq!(indexes(&p.statements_allowing(&[], ResourceScope::Any)), [0, 1, 2, 4]);
}

#[test]
fn secure_transport() {
    let deny = |body: &str| policy(&format!(r#"{{"Effect":"Deny",{body}}}"#));
    let both = r#""Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]"#;
    let plain = r#""Condition":{"Bool":{"aws:SecureTransport":"false"}}"#;
    let cases = [
        (format!(r#""Principal":"*","Action":"s3:*",{both},{plain}"#), true),
        (format!(r#""Principal":{{"AWS":"*"}},"Action":"*","Resource":"*",{plain}"#), true),
        (format!(r#""Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b*",{plain}"#), true),
        (
            format!(r#""Principal":"*","Action":"s3:*",{both},"Condition":{{"Bool":{{"AWS:securetransport":false}}}}"#),
            true,
        ),
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{both},"Condition":{{"StringNotEquals":{{"aws:SecureTransport":"true"}}}}"#
            ),
            true,
        ),
        (format!(r#""Principal":"*","Action":"s3:*",{both}"#), true),
        // Only the objects, only the bucket, another bucket, only some actions, only some callers.
        (format!(r#""Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*",{plain}"#), false),
        (format!(r#""Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b",{plain}"#), false),
        (format!(r#""Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::c*",{plain}"#), false),
        (format!(r#""Principal":"*","Action":"s3:GetObject",{both},{plain}"#), false),
        (format!(r#""Principal":{{"AWS":"111122223333"}},"Action":"s3:*",{both},{plain}"#), false),
        (format!(r#""NotPrincipal":{{"AWS":"111122223333"}},"Action":"s3:*",{both},{plain}"#), false),
        (format!(r#""Principal":"*","NotAction":"s3:GetObject",{both},{plain}"#), false),
        // The wrong condition.
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{both},"Condition":{{"Bool":{{"aws:SecureTransport":"true"}}}}"#
            ),
            false,
        ),
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{both},"Condition":{{"Bool":{{"aws:SecureTransport":"false","aws:ViaAWSService":"false"}}}}"#
            ),
            false,
        ),
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{both},"Condition":{{"Null":{{"aws:SecureTransport":"true"}}}}"#
            ),
            false,
        ),
    ];
    for (body, expected) in &cases {
        assert_eq!(deny(body).requires_secure_transport("arn:aws:s3:::b"), *expected, "{body}");
    }
    let allow_tls = policy(&format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",{both},"Condition":{{"Bool":{{"aws:SecureTransport":"true"}}}}}}"#
    ));
    assert!(!allow_tls.requires_secure_transport("arn:aws:s3:::b"));
    let two = policy(&format!(
        r#"{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b",{plain}}},
           {{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*",{plain}}}"#
    ));
    assert!(two.requires_secure_transport("arn:aws:s3:::b"));
}
