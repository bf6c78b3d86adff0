//! One question to the evaluator: who, what, on which resource, under which policies.

use std::sync::Arc;

use crate::caller::Caller;
use crate::context::Context;
use crate::key::Facts;
use crate::kms_grant::KmsGrant;
use crate::prepare::Prepared;
use crate::resource::{Action, Resource};

/// A request, with all policies that bear on it.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub caller: &'a Caller,
    pub action: &'a Action,
    pub resource: &'a Resource,
    pub context: &'a Context,
    pub policies: Policies<'a>,
}

impl<'a> Question<'a> {
    pub(crate) fn facts(&self) -> Facts<'a> {
        Facts {
            caller: self.caller,
            action: self.action,
            resource: self.resource,
            context: self.context,
            completeness: self.context.completeness(),
        }
    }
}

/// The policies of a question, layer by layer. An empty layer is not there, and limits nothing.
#[derive(Clone, Copy, Default)]
pub struct Policies<'a> {
    /// SCPs of the caller's account: of the root, of every OU on the path, of the account.
    pub scps: &'a [Level],
    /// RCPs of the resource's account, in the same order.
    pub rcps: &'a [Level],
    /// Of the VPC endpoint that the request goes through.
    pub endpoint: &'a [Arc<Prepared>],
    /// Passed when the session was made.
    pub session: &'a [Arc<Prepared>],
    /// Of the resource, a role's trust policy among them.
    pub resource: &'a [Arc<Prepared>],
    /// Of the caller and of the groups it is in.
    pub identity: &'a [Arc<Prepared>],
    pub boundary: &'a [Arc<Prepared>],
    /// On the KMS key.
    pub grants: &'a [KmsGrant],
    pub bucket_access: BucketAccess,
}

/// The policies of one type that are attached to one root, OU or account.
#[derive(Clone, Debug)]
pub struct Level {
    /// The id or name of what they are attached to.
    pub target: Box<str>,
    pub policies: Vec<Arc<Prepared>>,
}

/// Whether S3's RestrictPublicBuckets is on, for the bucket or its account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BucketAccess {
    #[default]
    Unrestricted,
    /// A public bucket policy serves only the owner's account and AWS services.
    RestrictPublicBuckets,
}
