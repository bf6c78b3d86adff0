//! Access control lists in AWS Config's and in the S3 API's shape.

use haechi_iam::acl::{Acl, AclError, Grantee, Permission};
use proptest::prelude::*;

const CONFIG: &str = r#"{"grantSet":null,"grantList":[
    {"grantee":{"id":"79a59df9","displayName":null},"permission":"FullControl"},
    {"grantee":"AllUsers","permission":"Read"},
    {"grantee":"AuthenticatedUsers","permission":"ReadAcp"},
    {"grantee":"LogDelivery","permission":"Write"}],
    "owner":{"displayName":null,"id":"79a59df9"},"isRequesterCharged":false}"#;

const API: &str = r#"{"Owner":{"ID":"79a59df9"},"Grants":[
    {"Grantee":{"ID":"79a59df9","Type":"CanonicalUser"},"Permission":"FULL_CONTROL"},
    {"Grantee":{"Type":"Group","URI":"http://acs.amazonaws.com/groups/global/AllUsers"},"Permission":"READ"},
    {"Grantee":{"Type":"Group","URI":"http://acs.amazonaws.com/groups/global/AuthenticatedUsers"},"Permission":"READ_ACP"},
    {"Grantee":{"Type":"Group","URI":"http://acs.amazonaws.com/groups/s3/LogDelivery"},"Permission":"WRITE"}]}"#;

#[test]
fn both_shapes_are_the_same_list() {
    let acl = Acl::parse(CONFIG).unwrap();
    assert_eq!(acl, Acl::parse(API).unwrap());
    assert_eq!(acl.owner.as_deref(), Some("79a59df9"));
    assert_eq!(acl.grants[0].grantee, Grantee::CanonicalUser { id: "79a59df9".to_owned() });
    assert_eq!(acl.grants[3].grantee, Grantee::LogDelivery);
    let wrapped = serde_json::to_string(CONFIG).unwrap();
    assert_eq!(Acl::parse(&wrapped).unwrap(), acl);
    assert_eq!(Acl::from_value(&serde_json::Value::String(CONFIG.to_owned())).unwrap(), acl);
}

#[test]
fn finds_public_grants() {
    let acl = Acl::parse(CONFIG).unwrap();
    let found = |permissions: &[&str]| -> Vec<Permission> {
        acl.public_grants(permissions).iter().map(|grant| grant.permission).collect()
    };
    assert_eq!(found(&[]), [Permission::Read, Permission::ReadAcp]);
    assert_eq!(found(&["READ", "FULL_CONTROL"]), [Permission::Read]);
    assert_eq!(found(&["ReadAcp"]), [Permission::ReadAcp]);
    assert!(found(&["WRITE"]).is_empty());
    assert!(found(&["NO_SUCH_PERMISSION"]).is_empty());
    insta::assert_snapshot!(serde_json::to_string(&acl.public_grants(&["READ"])).unwrap(), @r#"[{"grantee":"allUsers","permission":"READ"}]"#);
}

#[test]
fn empty_lists() {
    for text in [r#"{"grantList":[]}"#, r#"{"grantList":null,"grantSet":[]}"#, r#"{"Grants":[]}"#] {
        assert!(Acl::parse(text).unwrap().grants.is_empty());
    }
    let set = r#"{"grantList":null,"grantSet":[{"grantee":"AllUsers","permission":"Write"}]}"#;
    assert_eq!(Acl::parse(set).unwrap().public_grants(&["WRITE"]).len(), 1);
}

#[test]
fn refuses_what_it_cannot_judge() {
    for text in ["", "null", "[]", "{}", "\"\"", r#""{}""#, r#"{"grantList":"x"}"#] {
        assert!(Acl::parse(text).is_err(), "{text}");
    }
    let cases = [
        (r#"{"Grants":[5]}"#, "not an object"),
        (r#"{"Grants":[{"Grantee":"AllUsers"}]}"#, "no permission"),
        (r#"{"Grants":[{"Grantee":"AllUsers","Permission":"EAT"}]}"#, "unknown permission"),
        (r#"{"Grants":[{"Permission":"READ"}]}"#, "no grantee"),
        (r#"{"Grants":[{"Permission":"READ","Grantee":{"URI":"http://x/Everybody"}}]}"#, "unknown group"),
    ];
    for (text, expected) in cases {
        match Acl::parse(text) {
            Err(AclError::BadGrant { index: 0, reason }) => assert_eq!(reason, expected),
            other => panic!("{text}: {other:?}"),
        }
    }
    let deep = format!("{{\"Grants\":{}", "[".repeat(100_000));
    assert!(Acl::parse(&deep).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(text in "\\PC{0,48}", cut in 0..CONFIG.len()) {
        let _ = Acl::parse(&text);
        let _ = Acl::parse(&CONFIG[..cut]);
    }
}
