//! Is a resource policy public? AWS's definition, statement by statement, with the reason for each.

use serde::Serialize;

use crate::pattern::{Case, contains, overlaps};
use crate::pins::{Caller, account_in_arn, denies_all_but_fixed, is_exact, pins};
use crate::policy::{Effect, Listing, Policy, Principal, PrincipalKind, Statement};
use crate::position::Span;

/// What the policy is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    S3Bucket,
    /// As a bucket, but a grant by `s3:DataAccessPointArn` is public. (An access point that only a VPC
    /// reaches is never public: the caller knows its network origin, the policy does not.)
    S3AccessPoint,
    /// Also public: an empty principal, and Amazon S3 as a caller without a condition on its account.
    LambdaFunction,
    SqsQueue,
    SnsTopic,
    KmsKey,
    /// A role's trust policy.
    Role,
    Other,
}

impl ResourceKind {
    /// Every action that such a policy can be about.
    fn all_actions(self) -> &'static str {
        match self {
            ResourceKind::S3Bucket | ResourceKind::S3AccessPoint => "s3:*",
            ResourceKind::LambdaFunction => "lambda:*",
            ResourceKind::SqsQueue => "sqs:*",
            ResourceKind::SnsTopic => "sns:*",
            ResourceKind::KmsKey => "kms:*",
            ResourceKind::Role => "sts:*",
            ResourceKind::Other => "*",
        }
    }
}

/// What to judge a policy for.
#[derive(Clone, Copy, Debug)]
pub struct PublicContext<'a> {
    pub kind: ResourceKind,
    /// Only statements that allow one of these actions (patterns); empty means any action.
    pub actions: &'a [&'a str],
}

/// The answer of [`Policy::is_public`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicVerdict {
    NotPublic,
    /// At least one statement grants to the public.
    Public(Vec<PublicStatement>),
}

impl PublicVerdict {
    pub fn is_public(&self) -> bool {
        matches!(self, PublicVerdict::Public(_))
    }
}

/// A statement that grants to the public, as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicStatement {
    /// Its place in the policy, from 0.
    pub index: usize,
    pub sid: Option<String>,
    /// Its bytes in the policy's text.
    pub span: Span,
    /// The patterns of `Action` that were asked for (all if none was), or of `NotAction`.
    pub actions: Vec<String>,
    /// Whether `actions` are allowed (`only`), or all but them (`except`).
    pub action_listing: Listing,
    /// The principals that make it public; those exempted, if the reason is `NotPrincipal`.
    pub principals: Vec<String>,
    pub reason: PublicReason,
}

/// Why a statement is public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "id", rename_all = "kebab-case")]
pub enum PublicReason {
    /// Everyone may, and no condition limits it.
    AnyPrincipal,
    /// Everyone but those listed may (`Allow` with `NotPrincipal`).
    NotPrincipal,
    /// The principal is the empty string, which Lambda's rule takes for everyone.
    EmptyPrincipal,
    /// Anyone with an account at this web identity provider may.
    WebIdentity { provider: String },
    /// Amazon S3 may, for buckets of any account.
    S3WithoutSourceAccount,
    /// There are conditions, but none pins the grant to fixed values. Named is the first one.
    ConditionNotFixed { operator: String, key: String, values: Vec<String> },
}

/// How many (short) pairs of patterns are compared at most to find out whether a Deny takes a grant back.
/// Beyond that a policy, which AWS would never have stored, counts as public.
const DENY_BUDGET: usize = 1 << 20;

impl Policy {
    /// Whether the policy grants anything to the public, by AWS's definition ("The meaning of public" in the
    /// documentation of S3 Block Public Access; the documentation of AWS Config's `...-public-access` rules
    /// for Lambda, SQS, SNS and KMS has the same core):
    ///
    /// - A policy is non-public only if every Allow grants to fixed values, without wildcards and variables:
    ///   fixed principals, or fixed values of certain condition keys (`aws:SourceArn`, `aws:SourceVpc`,
    ///   `aws:SourceVpce`, `aws:SourceAccount`, `aws:PrincipalOrgID`...).
    /// - Two wildcards are allowed: `AROLEID:*` in `aws:userid`, and the access point's name in
    ///   `s3:DataAccessPointArn` of a bucket policy.
    /// - `aws:SourceIp` must not be broader than /8 (IPv4) or /32 (IPv6).
    /// - A web identity provider (`graph.facebook.com`) is public; SAML and OIDC providers of an account are not.
    /// - Conditions on other keys change nothing, nor do operators that hold when the key is absent.
    ///
    /// **Deny.** The documentation is silent on Deny statements: it speaks of what the policy *grants*. A grant
    /// that a Deny takes back entirely is none, so an Allow is not public if each of its actions on each of its
    /// resources is covered by a Deny that (a) is for everyone (`*`, or `NotPrincipal` with fixed principals) and
    /// (b) has no condition, or only conditions that spare fixed values of the keys above (`StringNotEquals`
    /// `aws:PrincipalOrgID`, `NotIpAddress` `aws:SourceIp`...). A Deny with any other condition, such as
    /// `aws:SecureTransport`, leaves the grant public. Coverage is by patterns: a Deny on a bucket's ARN does
    /// not cover an Allow on `*`.
    pub fn is_public(&self, context: &PublicContext<'_>) -> PublicVerdict {
        let statements = self.public_statements(context.kind, context.actions);
        if statements.is_empty() { PublicVerdict::NotPublic } else { PublicVerdict::Public(statements) }
    }

    /// The statements that [`Policy::is_public`] finds, in the order of the policy. `actions` are patterns;
    /// empty means any action.
    pub fn public_statements(&self, kind: ResourceKind, actions: &[&str]) -> Vec<PublicStatement> {
        let mut budget = DENY_BUDGET;
        let denies: Vec<Statement<'_>> = self
            .statements()
            .filter(|statement| statement.effect() == Effect::Deny && is_for_everyone(*statement))
            .collect();
        self.statements()
            .filter(|statement| statement.effect() == Effect::Allow)
            .filter_map(|statement| {
                let granted = granted_actions(statement, actions)?;
                let (caller, reason, principals) = openness(statement, kind)?;
                let closing = closing(&denies, kind, caller, &mut budget);
                let taken_back = !closing.is_empty() && is_denied(statement, &granted, &closing, kind, &mut budget);
                (!taken_back).then(|| PublicStatement {
                    index: statement.index(),
                    sid: statement.sid().map(str::to_owned),
                    span: statement.span(),
                    actions: granted.into_iter().map(str::to_owned).collect(),
                    action_listing: statement.action_listing(),
                    principals,
                    reason,
                })
            })
            .collect()
    }
}

/// The Deny statements that spare nothing but fixed values.
fn closing<'p>(denies: &[Statement<'p>], kind: ResourceKind, caller: Caller, budget: &mut usize) -> Vec<Statement<'p>> {
    if *budget < denies.len() {
        *budget = 0;
        return Vec::new();
    }
    *budget -= denies.len();
    let spares_only_fixed = |deny: &Statement<'p>| deny.conditions().all(|c| denies_all_but_fixed(c, kind, caller));
    denies.iter().copied().filter(spares_only_fixed).collect()
}

/// The statement's action patterns that overlap the wanted ones (`NotAction`: its whole list, unless it
/// excludes all that is wanted). `None` if there is nothing wanted in it.
pub(crate) fn granted_actions<'p>(statement: Statement<'p>, wanted: &[&str]) -> Option<Vec<&'p str>> {
    let patterns = statement.actions();
    match statement.action_listing() {
        Listing::Only => {
            let granted: Vec<&str> = patterns
                .filter(|p| wanted.is_empty() || wanted.iter().any(|w| overlaps(p, w, Case::Insensitive)))
                .collect();
            (!granted.is_empty()).then_some(granted)
        }
        Listing::Except => {
            let excluded = |wanted: &str| patterns.clone().any(|p| contains(p, wanted, Case::Insensitive));
            let grants = if wanted.is_empty() { !excluded("*") } else { wanted.iter().any(|w| !excluded(w)) };
            grants.then(|| patterns.clone().collect())
        }
    }
}

/// How the statement is open to the public, if it is: to whom, why, and by which principals.
fn openness(statement: Statement<'_>, kind: ResourceKind) -> Option<(Caller, PublicReason, Vec<String>)> {
    let (caller, reason, principals) = open_principals(statement, kind)?;
    if statement.conditions().any(|condition| pins(condition, kind, caller)) {
        return None;
    }
    let reason = match statement.conditions().next() {
        Some(condition) if reason == PublicReason::AnyPrincipal => PublicReason::ConditionNotFixed {
            operator: condition.operator().to_string(),
            key: condition.key().to_owned(),
            values: condition.values().map(str::to_owned).collect(),
        },
        _ => reason,
    };
    Some((caller, reason, principals))
}

/// The principals that are not fixed, conditions aside.
fn open_principals(statement: Statement<'_>, kind: ResourceKind) -> Option<(Caller, PublicReason, Vec<String>)> {
    let listed = || statement.principals().map(|principal| principal.value.to_owned()).collect();
    match statement.principal_listing() {
        // A resource policy's statement without a principal grants to nobody.
        None => return None,
        Some(Listing::Except) => return Some((Caller::Anyone, PublicReason::NotPrincipal, listed())),
        Some(Listing::Only) => {}
    }
    let named = |wanted: fn(Principal<'_>) -> bool| -> Vec<String> {
        statement.principals().filter(|p| wanted(*p)).map(|p| p.value.to_owned()).collect()
    };
    let anyone = named(is_anyone);
    if !anyone.is_empty() {
        return Some((Caller::Anyone, PublicReason::AnyPrincipal, anyone));
    }
    if let Some(provider) = statement.principals().find(|p| is_web_identity(*p)) {
        let reason = PublicReason::WebIdentity { provider: provider.value.to_owned() };
        return Some((Caller::Anyone, reason, named(is_web_identity)));
    }
    if kind != ResourceKind::LambdaFunction {
        return None;
    }
    let s3 = named(is_s3_service);
    if statement.principals().len() == 0 || statement.principals().any(|p| p.value.is_empty()) {
        return Some((Caller::Anyone, PublicReason::EmptyPrincipal, listed()));
    }
    (!s3.is_empty()).then_some((Caller::S3Service, PublicReason::S3WithoutSourceAccount, s3))
}

/// `*`, and names that are not fixed because of a wildcard or variable in them.
fn is_anyone(principal: Principal<'_>) -> bool {
    !is_exact(principal.value)
}

/// A federated principal that is not a provider of some account.
fn is_web_identity(principal: Principal<'_>) -> bool {
    principal.kind == PrincipalKind::Federated
        && (!principal.value.starts_with("arn:") || account_in_arn(principal.value).is_none())
}

fn is_s3_service(principal: Principal<'_>) -> bool {
    principal.kind == PrincipalKind::Service
        && principal.value.starts_with("s3.")
        && (principal.value.ends_with("amazonaws.com") || principal.value.ends_with("amazonaws.com.cn"))
}

/// Whether a Deny is for everyone, or for all but fixed principals.
pub(crate) fn is_for_everyone(statement: Statement<'_>) -> bool {
    let mut principals = statement.principals();
    match statement.principal_listing() {
        None => false,
        Some(Listing::Only) => {
            principals.any(|p| p.value == "*" && matches!(p.kind, PrincipalKind::Bare | PrincipalKind::Aws))
        }
        Some(Listing::Except) => !principals.any(|p| is_anyone(p) || is_web_identity(p)),
    }
}

/// Whether each granted action on each resource of `allow` is covered by one of the Deny statements.
fn is_denied(
    allow: Statement<'_>,
    granted: &[&str],
    denies: &[Statement<'_>],
    kind: ResourceKind,
    budget: &mut usize,
) -> bool {
    let everything = [kind.all_actions()];
    let actions = match allow.action_listing() {
        Listing::Only => granted,
        Listing::Except => &everything,
    };
    let resources: Vec<&str> = match allow.resource_listing() {
        Some(Listing::Only) => allow.resources().collect(),
        Some(Listing::Except) | None => vec!["*"],
    };
    let mut covers = |listing: Listing, patterns: crate::policy::Values<'_>, wanted: &str, case: Case| {
        // About what the comparisons cost, which is the product of the lengths.
        let cost: usize = patterns.clone().map(|pattern| 1 + pattern.len().saturating_mul(wanted.len()) / 256).sum();
        *budget = budget.saturating_sub(cost);
        let mut patterns = patterns;
        *budget > 0
            && match listing {
                Listing::Only => patterns.any(|pattern| contains(pattern, wanted, case)),
                Listing::Except => !patterns.any(|pattern| overlaps(pattern, wanted, case)),
            }
    };
    actions.iter().all(|action| {
        let action = if *action == "*" { kind.all_actions() } else { action };
        resources.iter().all(|resource| {
            denies.iter().any(|deny| {
                covers(deny.action_listing(), deny.actions(), action, Case::Insensitive)
                    && match deny.resource_listing() {
                        // As in trust policies: the statement is about the resource it is attached to.
                        None => true,
                        Some(listing) => covers(listing, deny.resources(), resource, Case::Sensitive),
                    }
            })
        })
    })
}
