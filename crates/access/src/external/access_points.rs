//! S3 access points: whoever is outside gets at a bucket through one when its policy lets them in and the bucket's policy
//! does so too, for requests that come by this access point.

use std::collections::BTreeSet;

use haechi_iam::sets::{self, Asker, Found, Scope, Witness};
use haechi_iam::{Action, BucketAccess, Context, Prepared, ResourceKind, Tri};

use super::{Certainty, Doubt, Holder, Look, Opening, actions_on, public_statements};
use crate::world::{AccessPoint, Guardrails, RecordedResource, Subject, Target};

/// The bucket behind an access point.
pub(super) struct Behind<'a> {
    point: &'a RecordedResource,
    bucket: &'a AccessPoint,
    target: Target<'a>,
}

/// The actions that take an access point, by what follows its ARN.
const PLACES: [(&str, &str); 3] = [("accesspoint", ""), ("accesspointobject", "/object/*"), ("object", "/object/*")];

impl<'a> Behind<'a> {
    /// Keys that every request by the access point has.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        let vpc = self.bucket.vpc.as_deref();
        let origin = if vpc.is_some() { "VPC" } else { "Internet" };
        [
            ("s3:dataaccesspointarn", &*self.point.arn),
            ("s3:dataaccesspointaccount", &self.point.account),
            ("s3:accesspointnetworkorigin", origin),
        ]
        .into_iter()
        .chain(vpc.map(|vpc| ("aws:sourcevpc", vpc)))
    }

    /// What the bucket's side says.
    pub fn policies(&self) -> impl Iterator<Item = &Prepared> {
        self.target.policy.iter().map(|policy| &**policy)
    }

    pub fn context(&self, witness: &Witness) -> Context {
        let mut context = witness.to_context();
        for (key, value) in self.keys() {
            context.set(key, value);
        }
        context
    }

    /// What is open is the bucket.
    pub fn opening(&self, opening: Opening) -> Opening {
        let owner = self.target.recorded;
        Opening {
            resource: self.bucket.bucket.to_string(),
            account: owner.map_or(opening.account.clone(), |bucket| bucket.account.to_string()),
            region: owner.map_or(opening.region.clone(), |bucket| bucket.region.to_string()),
            ..opening
        }
    }

    /// The bucket's ARN for what is asked of the access point.
    fn arn_of(&self, resource: &str) -> String {
        let rest = resource.strip_prefix(&*self.point.arn).unwrap_or_default();
        let key = rest.strip_prefix("/object").unwrap_or_default();
        format!("{}{key}", self.bucket.bucket)
    }
}

impl Look<'_> {
    pub(super) fn access_points(&mut self) {
        let world = self.world;
        let actions = actions_on(self.catalogue, "s3", &PLACES);
        for point in world.resources() {
            let Some(bucket) = &point.access_point else { continue };
            let behind = Behind { point, bucket, target: world.target(&bucket.bucket, None) };
            let owner = behind.target.recorded.map_or(&point.account, |bucket| &bucket.account);
            if !self.wants(owner) {
                continue;
            }
            let target = world.target(&point.arn, Some(&point.account));
            let public = public_statements(&target.policy, ResourceKind::S3Bucket);
            // By AWS's definition nothing is public that only a VPC can use.
            let public = if bucket.vpc.is_some() { BTreeSet::new() } else { public };
            if !public.is_empty() && target.bucket_access == BucketAccess::RestrictPublicBuckets {
                continue;
            }
            let holder = Holder {
                arn: &point.arn,
                resource_type: "AWS::S3::Bucket",
                account: &point.account,
                region: &point.region,
                target: &target,
                public,
                behind: Some(&behind),
            };
            self.holder(&holder, &target.policy, &actions);
        }
    }

    /// Whether the bucket lets in what its access point does. None: nothing of it.
    pub(super) fn behind(
        &self,
        holder: &Holder<'_>,
        behind: &Behind<'_>,
        asker: &Asker,
        action: &Action,
        (certainty, found): (Certainty, &Found),
    ) -> Option<Certainty> {
        if let Some(policy) = behind.policies().find(|policy| policy.is_unrecorded().is_some()) {
            return Some(Certainty::Unknown(Doubt::Unrecorded(policy.name().to_owned())));
        }
        let account = behind.target.recorded.map_or(holder.account, |bucket| &bucket.account);
        let zone = self.zones.get(holder.account)?;
        let guards = self.guards(&behind.target, account);
        let keys: Vec<(&str, &str)> = behind.keys().collect();
        let objects = format!("{}/*", behind.bucket.bucket);
        let scope = Scope {
            catalogue: self.catalogue,
            action,
            resources: &[&behind.bucket.bucket, &objects],
            target: &behind.target.resource,
            zone,
            now: self.question.now,
            fixed: &keys,
        };
        if sets::accesses(&scope, asker, &behind.target.policy, &guards).is_empty() {
            return None;
        }
        let Found::Request(witness) = found else { return Some(certainty) };
        let arn = behind.arn_of(&witness.resource);
        let target = self.world.target(&arn, Some(account));
        let subject = Subject::of_outsider(witness.caller.clone());
        let context = behind.context(witness);
        let question = self.world.question(&subject, &witness.action, &target, &context, Guardrails::Counted);
        Some(match question.decide().allowed {
            Tri::Yes => certainty,
            _ => Certainty::Unknown(Doubt::Bucket(behind.bucket.bucket.to_string())),
        })
    }
}
