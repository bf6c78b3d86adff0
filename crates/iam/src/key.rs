//! Condition keys, resolved once: those that the model of caller and resource answers, and all others by name.

use crate::caller::{Caller, CallerKind, Tags};
use crate::context::{Completeness, Context, Fact, Found};
use crate::resource::{Action, Resource, global_region};

/// A condition key of a policy.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// As the policy writes it.
    pub name: Box<str>,
    lower: Box<str>,
    model: Model,
}

/// What of the model answers a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    /// Nothing: it is given, or it is not.
    None,
    PrincipalArn,
    PrincipalAccount,
    /// KMS's own name of it; nobody calls KMS without an account.
    CallerAccount,
    PrincipalOrgId,
    PrincipalOrgPaths,
    PrincipalType,
    PrincipalIsAwsService,
    PrincipalServiceName,
    PrincipalServiceNamesList,
    UserId,
    UserName,
    /// The tag's name begins at this byte of the key.
    PrincipalTag(usize),
    ResourceAccount,
    ResourceOrgId,
    ResourceOrgPaths,
    ResourceTag(usize),
    /// A bucket's tags, given or not at all.
    BucketTag,
    RequestedRegion,
    CurrentTime,
    EpochTime,
    SecureTransport,
    ViaAwsService,
}

const MODELLED: [(&str, Model); 21] = [
    ("aws:principalarn", Model::PrincipalArn),
    ("aws:principalaccount", Model::PrincipalAccount),
    ("kms:calleraccount", Model::CallerAccount),
    ("aws:principalorgid", Model::PrincipalOrgId),
    ("aws:principalorgpaths", Model::PrincipalOrgPaths),
    ("aws:principaltype", Model::PrincipalType),
    ("aws:principalisawsservice", Model::PrincipalIsAwsService),
    ("aws:principalservicename", Model::PrincipalServiceName),
    ("aws:principalservicenameslist", Model::PrincipalServiceNamesList),
    ("aws:userid", Model::UserId),
    ("aws:username", Model::UserName),
    ("aws:resourceaccount", Model::ResourceAccount),
    ("s3:resourceaccount", Model::ResourceAccount),
    ("iam:resourceaccount", Model::ResourceAccount),
    ("aws:resourceorgid", Model::ResourceOrgId),
    ("aws:resourceorgpaths", Model::ResourceOrgPaths),
    ("aws:requestedregion", Model::RequestedRegion),
    ("aws:currenttime", Model::CurrentTime),
    ("aws:epochtime", Model::EpochTime),
    ("aws:securetransport", Model::SecureTransport),
    ("aws:viaawsservice", Model::ViaAwsService),
];

/// What `aws:PrincipalAccount` and `aws:userid` are in requests without credentials.
pub(crate) const ANONYMOUS: &str = "anonymous";

const PRINCIPAL_TAG: &str = "aws:principaltag/";
const RESOURCE_TAG: &str = ":resourcetag/";
const BUCKET_TAG: &str = "s3:buckettag/";

/// What a question's keys are looked up in.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub caller: &'a Caller,
    pub action: &'a Action,
    pub resource: &'a Resource,
    pub context: &'a Context,
    /// The context's, unless the question is asked openly.
    pub completeness: Completeness,
}

/// Where the tag's name begins in `aws:ResourceTag/...` and in the services' own keys for the same, such as
/// `ec2:ResourceTag/...`; the key is in lower case.
pub(crate) fn resource_tag(lower: &str) -> Option<usize> {
    let colon = lower.find(':')?;
    lower[colon..].starts_with(RESOURCE_TAG).then_some(colon + RESOURCE_TAG.len())
}

impl Key {
    pub(crate) fn new(name: &str) -> Key {
        let lower = name.to_ascii_lowercase();
        let model = if lower.starts_with(PRINCIPAL_TAG) {
            Model::PrincipalTag(PRINCIPAL_TAG.len())
        } else if let Some(at) = resource_tag(&lower) {
            Model::ResourceTag(at)
        } else if lower.starts_with(BUCKET_TAG) {
            Model::BucketTag
        } else {
            MODELLED.iter().find(|(known, _)| *known == lower).map_or(Model::None, |(_, model)| *model)
        };
        Key { name: name.into(), lower: lower.into(), model }
    }

    /// The key's value: as given, else from the model. What is given wins, since the one who asks may know more
    /// about the request than the record does.
    #[inline]
    pub(crate) fn find<'a>(&self, facts: &Facts<'a>) -> Found<'a> {
        if facts.resource.tags_ignored && matches!(self.model, Model::ResourceTag(_) | Model::BucketTag) {
            return Found::Absent;
        }
        if let Some(found) = facts.context.given(&self.lower) {
            return found;
        }
        self.modelled(facts)
    }

    fn modelled<'a>(&self, facts: &Facts<'a>) -> Found<'a> {
        let Facts { caller, action, resource, context, completeness } = *facts;
        let signed = |value: &'a str| if value.is_empty() { Found::Absent } else { Found::Single(value) };
        let told = |value: Option<&'a str>| value.map_or(completeness.not_told(), Found::Single);
        match self.model {
            Model::None | Model::BucketTag => completeness.not_told(),
            Model::PrincipalArn => match caller.kind {
                CallerKind::Anonymous | CallerKind::Service | CallerKind::Federated => Found::Absent,
                _ => Found::Single(&caller.principal_arn),
            },
            Model::PrincipalAccount if caller.kind == CallerKind::Anonymous => Found::Single(ANONYMOUS),
            Model::PrincipalAccount | Model::CallerAccount => signed(&caller.account),
            Model::PrincipalOrgId => fact(&caller.org, completeness, |place| Found::Single(&place.id)),
            Model::PrincipalOrgPaths => fact(&caller.org, completeness, |place| Found::Many(&place.paths)),
            Model::PrincipalType => caller.principal_type().map_or(Found::Absent, Found::Single),
            Model::PrincipalIsAwsService => match caller.kind {
                // Only requests that are signed with credentials of AWS have it.
                CallerKind::Anonymous | CallerKind::Federated => Found::Absent,
                CallerKind::Service => Found::Single("true"),
                _ => Found::Single("false"),
            },
            Model::PrincipalServiceName => match caller.kind {
                CallerKind::Service => Found::Single(&caller.arn),
                _ => Found::Absent,
            },
            Model::PrincipalServiceNamesList => match caller.kind {
                CallerKind::Service => Found::Many(&caller.service_names),
                _ => Found::Absent,
            },
            Model::UserId => match (caller.kind, &caller.unique_id) {
                (CallerKind::Anonymous, _) => Found::Single(ANONYMOUS),
                (CallerKind::Service | CallerKind::Federated, _) => Found::Absent,
                (CallerKind::Root, _) => Found::Single(&caller.account),
                (_, Some(id)) => Found::Single(id),
                (_, None) => completeness.not_told(),
            },
            Model::UserName => match caller.kind {
                CallerKind::User => Found::Single(&caller.name),
                _ => Found::Absent,
            },
            Model::PrincipalTag(at) => self.tag(&caller.tags, at, completeness),
            Model::ResourceAccount => told(resource.account.as_deref()),
            Model::ResourceOrgId => fact(&resource.org, completeness, |place| Found::Single(&place.id)),
            Model::ResourceOrgPaths => fact(&resource.org, completeness, |place| Found::Many(&place.paths)),
            Model::ResourceTag(at) => self.tag(&resource.tags, at, completeness),
            Model::RequestedRegion => {
                told(global_region(action.service(), &caller.partition).or_else(|| resource.region()))
            }
            Model::CurrentTime => told(context.current_time()),
            Model::EpochTime => told(context.epoch_time()),
            // Requests are signed and sent over TLS by every SDK; a plain one has to be told.
            Model::SecureTransport => Found::Single("true"),
            Model::ViaAwsService => Found::Single("false"),
        }
    }

    fn tag<'a>(&self, tags: &'a Fact<Tags>, at: usize, completeness: Completeness) -> Found<'a> {
        let wanted = &self.lower[at..];
        match tags {
            Fact::Unknown => completeness.not_told(),
            Fact::Absent => Found::Absent,
            Fact::Known(tags) => {
                let value = tags.iter().find(|(key, _)| **key == *wanted).map(|(_, value)| &**value);
                value.map_or(Found::Absent, Found::Single)
            }
        }
    }
}

fn fact<'a, T>(fact: &'a Fact<T>, completeness: Completeness, value: impl Fn(&'a T) -> Found<'a>) -> Found<'a> {
    match fact {
        Fact::Unknown => completeness.not_told(),
        Fact::Absent => Found::Absent,
        Fact::Known(known) => value(known),
    }
}
