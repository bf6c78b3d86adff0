//! What a policy grants: administrator access, whole services, single actions on given resources, whom a
//! role trusts, and whether a bucket insists on TLS.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::operator::{Comparison, Quantifier};
use crate::pattern::{Case, contains, matches_action, matches_resource, overlaps};
use crate::pins::account_in_arn;
use crate::policy::{Condition, Effect, Listing, Policy, PrincipalKind, Statement};
use crate::position::Span;
use crate::public::{PublicStatement, ResourceKind, granted_actions, is_for_everyone};

/// A statement that was asked for, as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatementMatch {
    /// Its place in the policy, from 0.
    pub index: usize,
    pub sid: Option<String>,
    /// Its bytes in the policy's text.
    pub span: Span,
    /// The patterns of `Action` that answer the question, or all of `NotAction`.
    pub actions: Vec<String>,
    /// Whether `actions` are allowed (`only`), or all but them (`except`).
    pub action_listing: Listing,
    /// The patterns of `Resource` or `NotResource`, as written.
    pub resources: Vec<String>,
}

/// Which resources a grant must reach to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceScope<'a> {
    /// Whatever its resources are.
    Any,
    /// Every resource: `"Resource": "*"`, or `NotResource` of nothing.
    Everything,
    /// Every KMS key, at least of one account and region: `*`, `arn:aws:kms:*:*:key/*`,
    /// `arn:aws:kms:us-east-1:111122223333:key/*`...; a `NotResource` that names no KMS key.
    AllKmsKeys,
    /// This one resource.
    Arn(&'a str),
}

/// Any pattern that stands for every KMS key of some account and region.
const KMS_KEY_PARTS: [&str; 2] = ["key/*", "*"];

impl Policy {
    /// Allow statements with `"Action": "*"` over `"Resource": "*"`: what AWS Config's
    /// `iam-policy-no-statements-with-admin-access` forbids. As that rule documents, `service:*` is not it,
    /// and conditions do not matter. `*:*` means the same as `*`.
    pub fn grants_admin(&self) -> Vec<StatementMatch> {
        self.allows_where(|statement| {
            let whole = |pattern: &str| matches!(pattern, "*" | "*:*") || is_stars(pattern);
            let everything = statement.resource_listing() == Some(Listing::Only) && statement.resources().any(is_stars);
            everything.then(|| only_actions(statement, whole))?
        })
    }

    /// Allow statements with all actions of a service (`ec2:*`) or of all services (`*`): what AWS Config's
    /// `iam-policy-no-statements-with-full-access` forbids. A wildcard after a prefix (`ec2:Describe*`) is fine,
    /// whatever the resources and conditions; so is `NotAction`, since the rule looks for unrestricted
    /// wildcards only.
    pub fn full_access_statements(&self) -> Vec<StatementMatch> {
        self.allows_where(|statement| {
            only_actions(statement, |pattern| {
                is_stars(pattern) || pattern.split_once(':').is_some_and(|(_, name)| is_stars(name))
            })
        })
    }

    /// Allow statements that grant `action` on every resource, conditions aside. Deny statements are not
    /// subtracted.
    pub fn allows(&self, action: &str) -> Vec<StatementMatch> {
        self.statements_allowing(&[action], ResourceScope::Everything)
    }

    /// Allow statements that grant one of the actions (patterns; empty means any) on resources of the scope.
    ///
    /// Conditions and Deny statements are not looked at, as AWS Config's rules of this kind do not: for
    /// `iam-customer-policy-blocked-kms-actions` and `iam-inline-policy-blocked-kms-actions` ask with the
    /// blocked patterns and [`ResourceScope::AllKmsKeys`].
    pub fn statements_allowing(&self, actions: &[&str], scope: ResourceScope<'_>) -> Vec<StatementMatch> {
        self.allows_where(|statement| {
            if !reaches(statement, scope) {
                return None;
            }
            granted_actions(statement, actions)
        })
    }

    /// Whether the policy denies everyone every S3 action on the bucket and on its objects when the request
    /// is not over TLS: what AWS Config's `s3-bucket-ssl-requests-only` asks for.
    ///
    /// As AWS explains that rule, an Allow for TLS requests is not enough; the Deny has to be explicit. It must be for
    /// everyone, cover `s3:*`, and have `aws:SecureTransport` = false as its only condition (any other would
    /// let some plain requests through). Bucket and objects may be denied by two statements.
    pub fn requires_secure_transport(&self, bucket_arn: &str) -> bool {
        let denies: Vec<Statement<'_>> = self
            .statements()
            .filter(|s| s.effect() == Effect::Deny && is_for_whole_world(*s) && denies_plain_http(*s))
            .filter(|s| covers(s.action_listing(), s.actions(), "s3:*", Case::Insensitive))
            .collect();
        let objects = format!("{bucket_arn}/*");
        [bucket_arn, &objects].iter().all(|arn| {
            denies.iter().any(|deny| match deny.resource_listing() {
                None => false,
                Some(listing) => covers(listing, deny.resources(), arn, Case::Sensitive),
            })
        })
    }

    /// The statements of a role's trust policy that let everyone assume it: as
    /// [`Policy::public_statements`], so a fixed `aws:PrincipalOrgID`, say, closes it. An external id does
    /// not: it is no identity.
    pub fn trusts_everyone(&self) -> Vec<PublicStatement> {
        self.public_statements(ResourceKind::Role, &["sts:AssumeRole*"])
    }

    /// The account ids among the principals of Allow statements: named as such or in an ARN. Sorted, each once.
    pub fn trusted_accounts(&self) -> Vec<&str> {
        self.trusted(PrincipalKind::Aws).filter_map(account_in_arn).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The service principals of Allow statements. Sorted, each once.
    pub fn trusted_services(&self) -> Vec<&str> {
        self.trusted(PrincipalKind::Service).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn trusted(&self, kind: PrincipalKind) -> impl Iterator<Item = &str> {
        self.statements()
            .filter(|s| s.effect() == Effect::Allow && s.principal_listing() == Some(Listing::Only))
            .flat_map(|s| s.principals())
            .filter(move |p| p.kind == kind)
            .map(|p| p.value)
    }

    /// The Allow statements for which `actions` finds something.
    fn allows_where<'p>(&'p self, actions: impl Fn(Statement<'p>) -> Option<Vec<&'p str>>) -> Vec<StatementMatch> {
        self.statements()
            .filter(|statement| statement.effect() == Effect::Allow)
            .filter_map(|statement| {
                let actions = actions(statement)?;
                Some(StatementMatch {
                    index: statement.index(),
                    sid: statement.sid().map(str::to_owned),
                    span: statement.span(),
                    actions: actions.into_iter().map(str::to_owned).collect(),
                    action_listing: statement.action_listing(),
                    resources: statement.resources().map(str::to_owned).collect(),
                })
            })
            .collect()
    }
}

/// One or more `*` and nothing else.
fn is_stars(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
}

/// The wanted patterns of `Action`; `None` if there are none, and for `NotAction`.
fn only_actions<'p>(statement: Statement<'p>, wanted: impl Fn(&str) -> bool) -> Option<Vec<&'p str>> {
    if statement.action_listing() == Listing::Except {
        return None;
    }
    let found: Vec<&str> = statement.actions().filter(|pattern| wanted(pattern)).collect();
    (!found.is_empty()).then_some(found)
}

/// Whether the statement's resources include all of `wanted` (a pattern).
fn covers<'p>(listing: Listing, mut patterns: impl Iterator<Item = &'p str>, wanted: &str, case: Case) -> bool {
    match listing {
        Listing::Only => patterns.any(|pattern| contains(pattern, wanted, case)),
        Listing::Except => !patterns.any(|pattern| overlaps(pattern, wanted, case)),
    }
}

fn reaches(statement: Statement<'_>, scope: ResourceScope<'_>) -> bool {
    // A statement without resources (a trust policy's) is about the one it is attached to.
    let Some(listing) = statement.resource_listing() else { return scope == ResourceScope::Any };
    let mut patterns = statement.resources();
    match scope {
        ResourceScope::Any => true,
        ResourceScope::Everything => covers(listing, patterns, "*", Case::Sensitive),
        ResourceScope::Arn(arn) => (listing == Listing::Only) == patterns.any(|pattern| matches_resource(pattern, arn)),
        ResourceScope::AllKmsKeys => match listing {
            Listing::Only => patterns.any(is_every_kms_key),
            Listing::Except => !patterns.any(|pattern| overlaps(pattern, "arn:*:kms:*:*:key/*", Case::Sensitive)),
        },
    }
}

/// Whether the pattern takes in all KMS keys of an account and region, or more.
fn is_every_kms_key(pattern: &str) -> bool {
    let mut parts = pattern.splitn(6, ':');
    let head: Vec<&str> = parts.by_ref().take(5).collect();
    match (head.as_slice(), parts.next()) {
        ([_, _, service, _, _], Some(resource)) => {
            matches_action(service, "kms") && KMS_KEY_PARTS.iter().any(|keys| contains(resource, keys, Case::Sensitive))
        }
        // Short patterns: `*`, `arn:aws:kms:*`.
        _ => ["aws", "aws-cn", "aws-us-gov"]
            .iter()
            .any(|partition| contains(pattern, &format!("arn:{partition}:kms:*:*:key/*"), Case::Sensitive)),
    }
}

/// Unlike a grant, a bucket's Deny may spare nobody.
fn is_for_whole_world(statement: Statement<'_>) -> bool {
    is_for_everyone(statement)
        && (statement.principal_listing() == Some(Listing::Only) || statement.principals().len() == 0)
}

fn denies_plain_http(statement: Statement<'_>) -> bool {
    let mut conditions = statement.conditions();
    match (conditions.next(), conditions.next()) {
        (Some(condition), None) => is_plain_http(condition),
        // No condition at all denies plain requests with all the others.
        (None, _) => true,
        (Some(_), Some(_)) => false,
    }
}

/// `Bool aws:SecureTransport false`, in each of the ways to say it. The key is in every request, so
/// `IfExists` changes nothing.
fn is_plain_http(condition: Condition<'_>) -> bool {
    let refused = match condition.operator().comparison {
        Comparison::Bool | Comparison::StringEquals | Comparison::StringEqualsIgnoreCase | Comparison::StringLike => {
            "false"
        }
        Comparison::StringNotEquals | Comparison::StringNotEqualsIgnoreCase | Comparison::StringNotLike => "true",
        _ => return false,
    };
    condition.operator().quantifier == Quantifier::Single
        && condition.key().eq_ignore_ascii_case("aws:SecureTransport")
        && condition.values().len() > 0
        && match refused {
            // One of the values must be false...
            "false" => condition.values().any(|value| value.eq_ignore_ascii_case("false")),
            // ...or all values that are spared must be true.
            _ => condition.values().all(|value| value.eq_ignore_ascii_case("true")),
        }
}
