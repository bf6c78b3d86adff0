//! Policies from arbitrary text: no input may panic, and whatever parses prints to something that parses to
//! the same and can be judged.
#![no_main]

use haechi_iam::{Policy, ResourceKind, ResourceScope};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Policy::parse_any(text);
    if let Ok((tolerated, faults)) = Policy::parse_tolerant(text) {
        assert!(faults.iter().all(|fault| fault.statement < tolerated.statements().len()));
        assert_eq!(Policy::parse(text).is_ok(), faults.is_empty());
    }
    match Policy::parse(text) {
        Ok(policy) => {
            let printed = policy.to_json();
            let again = Policy::parse(&printed).expect("the canonical print is a policy");
            assert_eq!(again.to_json(), printed);
            let _ = policy.public_statements(ResourceKind::S3Bucket, &["s3:Get*"]);
            let _ = policy.public_statements(ResourceKind::LambdaFunction, &[]);
            let _ = policy.statements_allowing(&["kms:Decrypt"], ResourceScope::AllKmsKeys);
            let _ = (policy.grants_admin(), policy.full_access_statements(), policy.trusted_accounts());
            let _ = policy.requires_secure_transport("arn:aws:s3:::bucket");
        }
        Err(error) => {
            let _ = (error.to_string(), error.render("policy"));
        }
    }
});
