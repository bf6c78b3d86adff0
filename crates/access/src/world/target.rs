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
        let resource = self.asked_resource(arn, account);
        let mut target = Target {
            rcps: resource.account().map_or(&[][..], |owner| &self.place(owner).rcps),
            resource,
            recorded: None,
            policy: Vec::new(),
            trust: Vec::new(),
            grants: &[],
            bucket_access: BucketAccess::Unrestricted,
        };
        match about(arn) {
            About::NoPolicy => {}
            About::Several => target.policy.push(unrecorded(arn)),
            About::Holder(holder) => match self.record.resources.get(&*holder) {
                Some(recorded) => {
                    target.policy.extend(recorded.policy.clone());
                    target.policy.extend(recorded.acl.clone());
                    target.grants = &recorded.grants;
                    let account_blocks = self.record.restricted.get(&recorded.account).copied().unwrap_or_default();
                    if recorded.restrict_public_buckets || (recorded.is_of_s3() && account_blocks) {
                        target.bucket_access = BucketAccess::RestrictPublicBuckets;
                    }
                    target.recorded = Some(recorded);
                }
                None => target.policy.push(unrecorded(&holder)),
            },
        }
        if arn.contains(":role/") || arn.contains(":user/") {
            if let Some(principal) = self.principal(arn) {
                target.trust.extend(principal.trust.clone());
            } else if arn.contains(":role/") {
                target.trust.push(unrecorded(arn));
            }
        }
        target
    }

    /// What is asked for, without the policies of its side.
    pub(crate) fn asked_resource(&self, arn: &str, account: Option<&str>) -> Resource {
        let mut resource = Resource::any_of(arn);
        let mut owner = account.map(Box::from).or_else(|| resource.account().map(Box::from));
        if let About::Holder(holder) = about(arn)
            && let Some(recorded) = self.record.resources.get(&*holder)
        {
            owner = owner.or_else(|| Some(recorded.account.clone()));
            resource = recorded.described(resource, arn);
        }
        if (arn.contains(":role/") || arn.contains(":user/"))
            && let Some(principal) = self.principal(arn)
        {
            resource = resource.with_tags(principal.tags());
        }
        match owner {
            Some(owner) => self.in_place(resource, &owner),
            None => resource,
        }
    }

    /// The resource in its account.
    fn in_place(&self, resource: Resource, owner: &str) -> Resource {
        let place = self.place(owner);
        let resource = resource.in_account(owner).with_standing(place.standing);
        match &place.org {
            Some(org) => resource.with_org(Some(org.clone())),
            None => resource,
        }
    }

    /// Some resource of an account that has no policy of its own.
    pub(crate) fn unnamed(&self, resource: Resource, account: &str) -> Target<'_> {
        Target {
            resource: self.in_place(resource, account),
            recorded: None,
            policy: Vec::new(),
            trust: Vec::new(),
            rcps: &self.place(account).rcps,
            grants: &[],
            bucket_access: BucketAccess::Unrestricted,
        }
    }
}

impl RecordedResource {
    pub fn is_bucket(&self) -> bool {
        &*self.resource_type == "AWS::S3::Bucket"
    }

    /// Whether the account's Block Public Access is about it.
    fn is_of_s3(&self) -> bool {
        self.is_bucket() || self.access_point.is_some()
    }

    /// What is known of a resource that it holds, or is.
    fn described(&self, resource: Resource, arn: &str) -> Resource {
        let resource = if self.is_bucket() {
            resource.in_region(&self.region)
        } else if *self.arn == *arn {
            // The tags of a bucket are condition keys only where its ABAC is on, which is not recorded.
            resource.with_tags(self.tags())
        } else {
            resource
        };
        if self.aws_managed_key { resource.aws_managed_key() } else { resource }
    }

    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(key, value)| (&**key, &**value))
    }
}

fn unrecorded(arn: &str) -> Arc<Prepared> {
    let kind = if arn.contains(":role/") { PolicyKind::Trust } else { PolicyKind::Resource };
    Arc::new(Prepared::unrecorded(kind, &format!("policy of {arn}"), Unrecorded::MayAllowOrDeny))
}
