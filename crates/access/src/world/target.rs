//! What is asked for, with the policies of its side.

use std::sync::Arc;

use haechi_iam::{BucketAccess, KmsGrant, Level, PolicyKind, Prepared, Resource, Unrecorded};

use super::holders::{About, about};
use super::{RecordedResource, World};

/// A resource with the policies of its side.
#[derive(Clone, Debug)]
pub struct Target<'w> {
    pub resource: Resource,
    /// What holds the policy, if it was recorded.
    pub recorded: Option<&'w RecordedResource>,
    /// The resource's policy; it may be unrecorded.
    pub policy: Vec<Arc<Prepared>>,
    /// A role's trust policy, for `sts:AssumeRole*`.
    pub trust: Vec<Arc<Prepared>>,
    pub rcps: &'w [Level],
    pub grants: &'w [KmsGrant],
    pub bucket_access: BucketAccess,
}

impl World {
    /// What an ARN is: `*` for actions without a resource. A pattern (`arn:aws:s3:::bucket/*`) stands for all that
    /// it matches. The account is to be told where neither the ARN nor the record does.
    pub fn target(&self, arn: &str, account: Option<&str>) -> Target<'_> {
        let mut resource = Resource::any_of(arn);
        let mut target = Target {
            resource: Resource::new("*"),
            recorded: None,
            policy: Vec::new(),
            trust: Vec::new(),
            rcps: &[],
            grants: &[],
            bucket_access: BucketAccess::Unrestricted,
        };
        let mut owner = account.map(Box::from).or_else(|| resource.account().map(Box::from));
        match about(arn) {
            About::NoPolicy => {}
            About::Several => target.policy.push(unrecorded(arn)),
            About::Holder(holder) => match self.record.resources.get(&*holder) {
                Some(recorded) => {
                    owner = owner.or_else(|| Some(recorded.account.clone()));
                    target.policy.extend(recorded.policy.clone());
                    target.policy.extend(recorded.acl.clone());
                    target.grants = &recorded.grants;
                    let account_blocks = self.record.restricted.get(&recorded.account).copied().unwrap_or_default();
                    if recorded.restrict_public_buckets || (recorded.is_bucket() && account_blocks) {
                        target.bucket_access = BucketAccess::RestrictPublicBuckets;
                    }
                    if recorded.is_bucket() {
                        resource = resource.in_region(&recorded.region);
                    } else if *recorded.arn == *arn {
                        // The tags of a bucket are condition keys only where its ABAC is on, which is not recorded.
                        resource = resource.with_tags(recorded.tags());
                    }
                    if recorded.aws_managed_key {
                        resource = resource.aws_managed_key();
                    }
                    target.recorded = Some(recorded);
                }
                None => target.policy.push(unrecorded(&holder)),
            },
        }
        if arn.contains(":role/") || arn.contains(":user/") {
            if let Some(principal) = self.principal(arn) {
                target.trust.extend(principal.trust.clone());
                resource = resource.with_tags(principal.tags());
            } else if arn.contains(":role/") {
                target.trust.push(unrecorded(arn));
            }
        }
        if let Some(owner) = owner {
            let place = self.place(&owner);
            target.rcps = &place.rcps;
            resource = resource.in_account(&owner).with_standing(place.standing);
            if let Some(org) = &place.org {
                resource = resource.with_org(Some(org.clone()));
            }
        }
        target.resource = resource;
        target
    }

    /// Some resource of an account that has no policy of its own.
    pub(crate) fn unnamed(&self, resource: Resource, account: &str) -> Target<'_> {
        let place = self.place(account);
        let mut resource = resource.in_account(account).with_standing(place.standing);
        if let Some(org) = &place.org {
            resource = resource.with_org(Some(org.clone()));
        }
        Target {
            resource,
            recorded: None,
            policy: Vec::new(),
            trust: Vec::new(),
            rcps: &place.rcps,
            grants: &[],
            bucket_access: BucketAccess::Unrestricted,
        }
    }
}

impl RecordedResource {
    pub fn is_bucket(&self) -> bool {
        &*self.resource_type == "AWS::S3::Bucket"
    }

    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(key, value)| (&**key, &**value))
    }
}

fn unrecorded(arn: &str) -> Arc<Prepared> {
    let kind = if arn.contains(":role/") { PolicyKind::Trust } else { PolicyKind::Resource };
    Arc::new(Prepared::unrecorded(kind, &format!("policy of {arn}"), Unrecorded::MayAllowOrDeny))
}
