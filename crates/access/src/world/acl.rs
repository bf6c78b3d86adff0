//! The access control list of a bucket as the policy that it amounts to, by S3's table of ACL permissions. The lists
//! of objects are not recorded, so nothing is known of what they open.

use haechi_iam::acl::{Acl, Grantee, Permission};
use haechi_model::{ConfigurationItem, Node};
use serde_json::{Value, json};

/// Whether S3 passes over grants to everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PublicGrants {
    Count,
    Ignored,
}

/// The list of a bucket; none where lists are switched off (BucketOwnerEnforced), or it was not recorded.
pub(crate) fn of_bucket(item: &ConfigurationItem) -> Option<Acl> {
    let supplementary = |name: &str| item.root().path(["supplementaryConfiguration", name]);
    let rules = supplementary("BucketOwnershipControls").and_then(|controls| controls.get("rules"));
    let ownership = rules.into_iter().flat_map(Node::elements).find_map(|rule| rule.get("objectOwnership")?.as_str());
    if ownership == Some("BucketOwnerEnforced") {
        return None;
    }
    let list = supplementary("AccessControlList")?;
    match list.as_str() {
        Some(text) => Acl::parse(text).ok(),
        None => Acl::from_value(&list.to_value()).ok(),
    }
}

/// What the list grants to others than the owner, as a bucket policy; none if it is nothing.
pub(crate) fn policy(acl: &Acl, bucket: &str, public: PublicGrants) -> Option<Value> {
    let mut statements = Vec::new();
    for grant in &acl.grants {
        if grant.grantee.is_public() && public == PublicGrants::Ignored {
            continue;
        }
        let principal = match &grant.grantee {
            Grantee::AllUsers | Grantee::AuthenticatedUsers => json!("*"),
            Grantee::LogDelivery => json!({"Service": "logging.s3.amazonaws.com"}),
            Grantee::CanonicalUser { id } if acl.owner.as_ref() != Some(id) => json!({"CanonicalUser": id}),
            // The owner has no need of it; mail addresses become canonical ids when S3 stores the list.
            Grantee::CanonicalUser { .. } | Grantee::Email { .. } => continue,
        };
        let has = |permission: Permission| [permission, Permission::FullControl].contains(&grant.permission);
        let mut add = |actions: Value, resource: String| {
            let mut statement =
                json!({"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resource});
            if grant.grantee == Grantee::AuthenticatedUsers {
                statement["Condition"] = json!({"Null": {"aws:PrincipalArn": "false"}});
            }
            statements.push(statement);
        };
        if has(Permission::Read) {
            let lists = json!(["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]);
            add(lists, bucket.to_owned());
        }
        if has(Permission::Write) {
            add(json!("s3:PutObject"), format!("{bucket}/*"));
        }
        if has(Permission::ReadAcp) {
            add(json!("s3:GetBucketAcl"), bucket.to_owned());
        }
        if has(Permission::WriteAcp) {
            add(json!("s3:PutBucketAcl"), bucket.to_owned());
        }
    }
    (!statements.is_empty()).then(|| json!({"Version": "2012-10-17", "Statement": statements}))
}
