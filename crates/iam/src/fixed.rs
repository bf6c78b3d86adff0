//! What no policy decides: calls that always succeed, and calls that never do.

use crate::caller::CallerKind;
use crate::question::Question;
use crate::resource::ResourceType;
use crate::value::arn_parts;

/// A rule of AWS that policies do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixedRule {
    /// sts:GetCallerIdentity and sts:GetSessionToken need no permission, and no policy takes them away.
    NeedsNoPermission,
    /// Policies under arn:aws:iam::aws:policy/ belong to AWS.
    AwsManagedPolicy,
    /// Roles under /aws-reserved/ are changed by AWS services only.
    AwsReservedRole,
    /// Aliases under alias/aws/ belong to AWS.
    AwsManagedAlias,
    /// The root user cannot assume roles, nor be given sessions of other root users.
    RootAssumesNoRole,
    /// RestrictPublicBuckets is on and the bucket policy is public.
    RestrictPublicBuckets,
}

/// The actions on a managed policy that change it.
const POLICY_WRITES: [&str; 6] = [
    "createpolicyversion",
    "deletepolicy",
    "deletepolicyversion",
    "setdefaultpolicyversion",
    "tagpolicy",
    "untagpolicy",
];
const ALIAS_WRITES: [&str; 3] = ["createalias", "deletealias", "updatealias"];

/// Bucket policies cannot lock out the root user of the bucket's account from these.
const ROOT_ALWAYS: [&str; 3] = ["getbucketpolicy", "putbucketpolicy", "deletebucketpolicy"];

impl FixedRule {
    /// The rule that allows the request, whatever the policies say.
    pub(crate) fn allowing(question: &Question<'_>) -> Option<FixedRule> {
        let (service, name) = (question.action.service(), question.action.name());
        (service == "sts" && matches!(name, "getcalleridentity" | "getsessiontoken") && question.caller.has_account())
            .then_some(FixedRule::NeedsNoPermission)
    }

    /// The rule that denies the request, whatever the policies say.
    #[inline]
    pub(crate) fn denying(question: &Question<'_>) -> Option<FixedRule> {
        let name = question.action.name();
        match question.action.service() {
            "iam" => Self::denying_iam(question, name),
            "kms" if ALIAS_WRITES.contains(&name) => {
                let [_, _, service, _, _, resource] = arn_parts(question.resource.arn())?;
                (service == "kms" && resource.starts_with("alias/aws/") && !acts_for_aws(question))
                    .then_some(FixedRule::AwsManagedAlias)
            }
            "sts" => (matches!(name, "assumerole" | "assumeroot") && question.caller.kind == CallerKind::Root)
                .then_some(FixedRule::RootAssumesNoRole),
            _ => None,
        }
    }

    fn denying_iam(question: &Question<'_>, name: &str) -> Option<FixedRule> {
        let [_, _, service, _, account, resource] = arn_parts(question.resource.arn())?;
        if service != "iam" || acts_for_aws(question) {
            return None;
        }
        let reads = ["get", "list", "generate", "simulate"].iter().any(|verb| name.starts_with(verb));
        if account == "aws" && resource.starts_with("policy/") {
            POLICY_WRITES.contains(&name).then_some(FixedRule::AwsManagedPolicy)
        } else {
            (resource.starts_with("role/aws-reserved/") && !reads && name != "passrole")
                .then_some(FixedRule::AwsReservedRole)
        }
    }
}

/// A service, or a service by its service-linked role.
fn acts_for_aws(question: &Question<'_>) -> bool {
    question.caller.kind == CallerKind::Service || question.caller.service_linked
}

/// Whether the resource policy cannot deny this: the root user of its account can always reach a bucket's policy.
pub(crate) fn is_beyond_resource_policy(question: &Question<'_>) -> bool {
    question.caller.kind == CallerKind::Root
        && question.resource.kind == ResourceType::Bucket
        && question.resource.account.as_deref().is_none_or(|owner| *owner == *question.caller.account)
        && question.action.service() == "s3"
        && ROOT_ALWAYS.contains(&question.action.name())
}
