//! "Public" as AWS documents it: the examples and each exception of the S3 documentation, and the rules for
//! Lambda, SQS, SNS, KMS and trust policies.

use haechi_iam::{Policy, PublicContext, PublicReason, PublicVerdict, ResourceKind};
use proptest::prelude::*;

fn policy(statements: &str) -> Policy {
    Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

/// An Allow of `s3:PutObject` on everything.
fn allow(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{principal},"Action":"s3:PutObject","Resource":"*","Condition":{condition}}}"#
    )
}

#[track_caller]
fn check(kind: ResourceKind, statements: &str, public: &[usize]) {
    let found: Vec<usize> = policy(statements).public_statements(kind, &[]).iter().map(|s| s.index).collect();
    assert_eq!(found, public, "{statements}");
}

#[test]
fn principals() {
    let cases = [
        (r#""*""#, true),
        (r#"{"AWS":"*"}"#, true),
        (r#"{"AWS":["111122223333","*"]}"#, true),
        (r#"{"AWS":"111122223333"}"#, false),
        (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, false),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/r"}"#, false),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/*"}"#, true),
        (r#"{"AWS":"arn:aws:iam::111122223333:user/${aws:username}"}"#, true),
        (r#"{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}"#, false),
        (r#"{"Service":"cloudtrail.amazonaws.com"}"#, false),
        (r#"{"Service":"s3.amazonaws.com"}"#, false),
        (r#"{"Service":"*"}"#, true),
        (r#"{"Federated":"graph.facebook.com"}"#, true),
        (r#"{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"}"#, false),
        (r#"{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}"#, false),
        (r#"{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}"#, false),
        ("{}", false),
    ];
    for (principal, public) in cases {
        check(ResourceKind::S3Bucket, &allow(principal, "{}"), if public { &[0] } else { &[] });
    }
    check(ResourceKind::S3Bucket, r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#, &[]);
    check(
        ResourceKind::S3Bucket,
        r#"{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"}"#,
        &[0],
    );
}

#[test]
fn conditions() {
    // Each condition on a grant to everyone, and whether it stays public.
    let cases = [
        // The documentation's own pair.
        (r#"{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#, true),
        (r#"{"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}"#, false),
        // Each key with a fixed value.
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, false),
        (r#"{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-east-1:111122223333:t"}}"#, false),
        (r#"{"StringEquals":{"aws:SourceVpce":"vpce-1a2b3c4d"}}"#, false),
        (r#"{"StringEquals":{"aws:SourceOwner":"111122223333"}}"#, false),
        (r#"{"StringEquals":{"AWS:SOURCEACCOUNT":["111122223333","444455556666"]}}"#, false),
        (r#"{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}"#, false),
        (r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/r"}}"#, false),
        (r#"{"ForAnyValue:StringEquals":{"aws:PrincipalOrgPaths":"o-a1/r-b2/ou-c3/"}}"#, false),
        (
            r#"{"StringEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:us-east-1:111122223333:key/k"}}"#,
            false,
        ),
        (r#"{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}"#, false),
        (r#"{"StringLike":{"aws:userid":"AIDACKCEVSQ6C2EXAMPLE"}}"#, false),
        // The two documented wildcards.
        (r#"{"StringLike":{"aws:userid":"AROAEXAMPLEID:*"}}"#, false),
        (r#"{"StringLike":{"aws:userid":"*:*"}}"#, true),
        (r#"{"StringLike":{"aws:userid":":*"}}"#, true),
        (r#"{"StringLike":{"aws:userid":"AROA*"}}"#, true),
        (r#"{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:111122223333:accesspoint/*"}}"#, false),
        (r#"{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:*:accesspoint/*"}}"#, true),
        (r#"{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:*:111122223333:accesspoint/*"}}"#, true),
        // Values that are not fixed.
        (r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:*"}}"#, true),
        (r#"{"StringEquals":{"aws:SourceVpc":["vpc-91237329","vpc-?"]}}"#, true),
        (r#"{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}"#, true),
        // Ranges: up to /8 and /32.
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.7"}}"#, false),
        (r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, false),
        (r#"{"IpAddress":{"aws:SourceIp":"8.0.0.0/7"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/0"]}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":"2001:db8::/32"}}"#, false),
        (r#"{"IpAddress":{"aws:SourceIp":"2001::/31"}}"#, true),
        (r#"{"IpAddress":{"aws:SourceIp":"everywhere"}}"#, true),
        (r#"{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, true),
        // Operators that hold when the key is absent, or that exclude.
        (r#"{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-91237329"}}"#, true),
        (r#"{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}"#, true),
        (r#"{"StringNotEquals":{"aws:SourceVpc":"vpc-91237329"}}"#, true),
        (r#"{"Null":{"aws:SourceVpc":"false"}}"#, true),
        (r#"{"NumericEquals":{"aws:SourceAccount":"111122223333"}}"#, true),
        // Keys that are not on the list.
        (r#"{"StringEquals":{"aws:Referer":"https://example.com/"}}"#, true),
        (r#"{"Bool":{"aws:SecureTransport":"true"}}"#, true),
        (r#"{"StringEquals":{"aws:PrincipalTag/team":"blue"}}"#, true),
        (r#"{"StringEquals":{"s3:x-amz-acl":"public-read"}}"#, true),
        // One pinning condition among others is enough.
        (r#"{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}"#, false),
    ];
    for (condition, public) in cases {
        check(ResourceKind::S3Bucket, &allow(r#""*""#, condition), if public { &[0] } else { &[] });
    }
}

#[test]
fn access_points_differ() {
    let by_access_point = r#"{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:111122223333:accesspoint/a"}}"#;
    check(ResourceKind::S3Bucket, &allow(r#""*""#, by_access_point), &[]);
    check(ResourceKind::S3AccessPoint, &allow(r#""*""#, by_access_point), &[0]);
    check(ResourceKind::S3AccessPoint, &allow(r#""*""#, r#"{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#), &[]);
}

#[test]
fn one_public_statement_makes_the_policy_public() {
    let statements = [
        allow(r#"{"Service":"cloudtrail.amazonaws.com"}"#, "{}"),
        allow(r#"{"AWS":"111122223333"}"#, "{}"),
        allow(r#""*""#, "{}"),
    ]
    .join(",");
    check(ResourceKind::S3Bucket, &statements, &[2]);
    let verdict = policy(&statements).is_public(&PublicContext { kind: ResourceKind::S3Bucket, actions: &[] });
    assert!(verdict.is_public());
    let other = PublicContext { kind: ResourceKind::S3Bucket, actions: &["s3:GetObject"] };
    assert_eq!(policy(&statements).is_public(&other), PublicVerdict::NotPublic);
}

#[test]
fn deny_counts_when_it_takes_all_back() {
    let allow = r#"{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:List*"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}"#;
    let all = r#""Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]"#;
    let cases = [
        (format!(r#""Principal":"*","Action":"s3:*",{all}"#), false),
        (format!(r#""Principal":{{"AWS":"*"}},"Action":["s3:Get*","s3:List*"],{all}"#), false),
        (r#""Principal":"*","Action":"*","Resource":"*""#.to_owned(), false),
        (format!(r#""Principal":"*","NotAction":"s3:PutObject",{all}"#), false),
        (r#""Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::other/*""#.to_owned(), false),
        (format!(r#""NotPrincipal":{{"AWS":"111122223333"}},"Action":"s3:*",{all}"#), false),
        // Not for everyone, not all actions, not all resources.
        (format!(r#""Principal":{{"AWS":"111122223333"}},"Action":"s3:*",{all}"#), true),
        (format!(r#""NotPrincipal":{{"AWS":"*"}},"Action":"s3:*",{all}"#), true),
        (format!(r#""Principal":"*","Action":"s3:GetObject",{all}"#), true),
        (format!(r#""Principal":"*","NotAction":"s3:ListBucket",{all}"#), true),
        (r#""Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*""#.to_owned(), true),
        // With conditions: those that spare only fixed values.
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{all},"Condition":{{"StringNotEquals":{{"aws:SourceVpce":"vpce-1"}}}}"#
            ),
            false,
        ),
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{all},"Condition":{{"StringNotEqualsIfExists":{{"aws:PrincipalOrgID":"o-1"}},"BoolIfExists":{{"aws:PrincipalIsAWSService":"false"}}}}"#
            ),
            false,
        ),
        // The key is not in anonymous requests, so that this Deny does not reach them.
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{all},"Condition":{{"StringNotEqualsIfExists":{{"aws:PrincipalOrgID":"o-1"}},"Bool":{{"aws:PrincipalIsAWSService":"false"}}}}"#
            ),
            true,
        ),
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{all},"Condition":{{"NotIpAddress":{{"aws:SourceIp":"203.0.113.0/24"}}}}"#
            ),
            false,
        ),
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{all},"Condition":{{"NotIpAddress":{{"aws:SourceIp":"0.0.0.0/0"}}}}"#
            ),
            true,
        ),
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{all},"Condition":{{"StringNotLike":{{"aws:SourceVpce":"vpce-*"}}}}"#
            ),
            true,
        ),
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{all},"Condition":{{"ForAnyValue:StringNotEquals":{{"aws:PrincipalOrgID":"o-1"}}}}"#
            ),
            true,
        ),
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{all},"Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}"#
            ),
            true,
        ),
        (
            format!(
                r#""Principal":"*","Action":"s3:*",{all},"Condition":{{"StringNotEquals":{{"aws:SourceVpce":"vpce-1"}},"Bool":{{"aws:SecureTransport":"false"}}}}"#
            ),
            true,
        ),
    ];
    for (deny, public) in cases {
        let both = format!(r#"{allow},{{"Effect":"Deny",{deny}}}"#);
        check(ResourceKind::S3Bucket, &both, if public { &[0] } else { &[] });
    }
    // Two Denies, one for the bucket and one for its objects.
    let two = format!(
        r#"{allow},{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"}},{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}"#
    );
    check(ResourceKind::S3Bucket, &two, &[]);
}

#[test]
fn actions_select_statements() {
    let p = policy(
        r#"{"Effect":"Allow","Principal":"*","Action":["s3:Get*","s3:PutObject"],"Resource":"*"},
           {"Effect":"Allow","Principal":"*","NotAction":"s3:Get*","Resource":"*"},
           {"Effect":"Allow","Principal":"*","Action":[],"Resource":"*"}"#,
    );
    let found = |actions: &[&str]| -> Vec<(usize, Vec<String>)> {
        p.public_statements(ResourceKind::S3Bucket, actions).into_iter().map(|s| (s.index, s.actions)).collect()
    };
    assert_eq!(found(&["s3:getobject"]), [(0, vec!["s3:Get*".to_owned()])]);
    assert_eq!(found(&["s3:DeleteObject"]), [(1, vec!["s3:Get*".to_owned()])]);
    assert_eq!(found(&["s3:*Object"]).len(), 2);
    assert_eq!(found(&[]).len(), 2);
}

#[test]
fn lambda_functions() {
    let statement = |principal: &str, condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:111122223333:function:f","Condition":{condition}}}"#
        )
    };
    let cases = [
        (r#""*""#, "{}", true),
        (r#"{"AWS":"*"}"#, "{}", true),
        (r#"{"AWS":""}"#, "{}", true),
        (r#""""#, "{}", true),
        (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, "{}", false),
        (r#"{"Service":"events.amazonaws.com"}"#, "{}", false),
        (r#"{"Service":"s3.amazonaws.com"}"#, "{}", true),
        (r#"{"Service":"s3.amazonaws.com"}"#, r#"{"StringEquals":{"AWS:SourceAccount":"111122223333"}}"#, false),
        (r#"{"Service":"s3.amazonaws.com"}"#, r#"{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}"#, true),
        (
            r#"{"Service":"s3.amazonaws.com"}"#,
            r#"{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"},"StringEquals":{"AWS:SourceAccount":"111122223333"}}"#,
            false,
        ),
        (r#"{"Service":"s3.amazonaws.com"}"#, r#"{"StringLike":{"AWS:SourceAccount":"*"}}"#, true),
        (r#""*""#, r#"{"StringEquals":{"AWS:SourceAccount":"111122223333"}}"#, false),
        (r#""*""#, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}"#, false),
        (r#""*""#, r#"{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}"#, true),
    ];
    for (principal, condition, public) in cases {
        check(ResourceKind::LambdaFunction, &statement(principal, condition), if public { &[0] } else { &[] });
    }
}

#[test]
fn queues_topics_and_keys() {
    // The default policy of an SNS topic.
    let topic = r#"{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:Publish","SNS:Subscribe"],"Resource":"arn:aws:sns:us-east-1:111122223333:t","Condition":{"StringEquals":{"AWS:SourceOwner":"111122223333"}}}"#;
    check(ResourceKind::SnsTopic, topic, &[]);
    let queue = |arn: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*","Condition":{{"ArnLike":{{"aws:SourceArn":"{arn}"}}}}}}"#
        )
    };
    check(ResourceKind::SqsQueue, &queue("arn:aws:s3:::b"), &[]);
    check(ResourceKind::SqsQueue, &queue("arn:aws:s3:*:*:*"), &[0]);
    // The key policy that a service writes for its AWS managed key.
    let key = r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"111122223333","kms:ViaService":"ec2.us-east-1.amazonaws.com"}}}"#;
    check(ResourceKind::KmsKey, key, &[]);
    check(ResourceKind::KmsKey, r#"{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}"#, &[0]);
}

#[test]
fn reasons_and_evidence() {
    let p = policy(
        &[
            allow(r#""*""#, "{}"),
            allow(r#"{"AWS":"*"}"#, r#"{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#),
            allow(r#"{"Federated":"graph.facebook.com"}"#, "{}"),
        ]
        .join(","),
    );
    let found = p.public_statements(ResourceKind::S3Bucket, &["s3:*"]);
    let reasons: Vec<&PublicReason> = found.iter().map(|s| &s.reason).collect();
    assert_eq!(
        reasons,
        [
            &PublicReason::AnyPrincipal,
            &PublicReason::ConditionNotFixed {
                operator: "StringLike".to_owned(),
                key: "aws:SourceVpc".to_owned(),
                values: vec!["vpc-*".to_owned()]
            },
            &PublicReason::WebIdentity { provider: "graph.facebook.com".to_owned() },
        ]
    );
    insta::assert_snapshot!(serde_json::to_string(&found[1]).unwrap(), @r#"{"index":1,"sid":null,"span":{"start":126,"end":260},"actions":["s3:PutObject"],"actionListing":"only","principals":["*"],"reason":{"id":"condition-not-fixed","operator":"StringLike","key":"aws:SourceVpc","values":["vpc-*"]}}"#);
}

#[test]
fn trust_policies() {
    let trust = |principal: &str, condition: &str| {
        policy(&format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole","Condition":{condition}}}"#
        ))
    };
    assert_eq!(trust(r#"{"AWS":"*"}"#, "{}").trusts_everyone().len(), 1);
    assert_eq!(trust(r#"{"AWS":"*"}"#, r#"{"StringEquals":{"sts:ExternalId":"x"}}"#).trusts_everyone().len(), 1);
    assert!(trust(r#"{"AWS":"*"}"#, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#).trusts_everyone().is_empty());
    let several = trust(
        r#"{"AWS":["444455556666","arn:aws:iam::111122223333:root","arn:aws-cn:iam::111122223333:role/r","AIDACKCEVSQ6C2EXAMPLE"],"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}"#,
        "{}",
    );
    assert!(several.trusts_everyone().is_empty());
    assert_eq!(several.trusted_accounts(), ["111122223333", "444455556666"]);
    assert_eq!(several.trusted_services(), ["ec2.amazonaws.com", "lambda.amazonaws.com"]);
}

#[test]
fn many_denies_end_in_time_and_on_the_safe_side() {
    let mut statements = vec![allow(r#""*""#, "{}"); 5_000];
    statements.extend(vec![
        r#"{"Effect":"Deny","Principal":"*","Action":["s3:a","s3:b"],"Resource":["arn:aws:s3:::b"]}"#.to_owned();
        5_000
    ]);
    assert_eq!(policy(&statements.join(",")).public_statements(ResourceKind::S3Bucket, &[]).len(), 5_000);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A Deny of everything for everyone closes any grant; and a Deny never opens one.
    #[test]
    fn a_blanket_deny_closes_all(
        principal in prop::sample::select(&[r#""*""#, r#"{"AWS":"*"}"#, r#"{"Federated":"a.b"}"#, r#"{"AWS":"111122223333"}"#][..]),
        action in "s3:[A-Za-z*?]{0,6}", resource in "arn:aws:s3:::[a-z*?/]{0,6}",
    ) {
        let grant = format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"{resource}"}}"#);
        let deny = r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}"#;
        let public = !principal.contains("1111");
        prop_assert_eq!(policy(&grant).public_statements(ResourceKind::S3Bucket, &[]).len(), usize::from(public));
        let closed = policy(&format!("{grant},{deny}"));
        prop_assert!(closed.public_statements(ResourceKind::S3Bucket, &[]).is_empty());
    }
}
