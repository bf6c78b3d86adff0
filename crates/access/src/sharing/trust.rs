//! The graph of trust between roles and those who are not of their account: other accounts and their principals,
//! services, identity providers. Each edge is asked of the evaluator with the trust policy, and with the other side's
//! own policies where they were recorded.

use std::collections::BTreeMap;

use haechi_iam::{Action, Context, Effect, Listing, PrincipalKind as Named, Statement};
use serde::Serialize;

use super::candidates::is_account;
use crate::ask::{Answer, Explanation, Reason, anybody_of, nobody};
use crate::world::{Guardrails, Principal, PrincipalKind, Subject, World};

/// What to think of, beside whether an edge is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustNote {
    /// An account outside the recorded organizations is trusted without `sts:ExternalId`: whoever it serves may make
    /// it use the role (confused deputy).
    NoExternalId,
    /// A service is trusted whatever account or resource it acts for (confused deputy).
    NoSource,
    /// The users of an OIDC provider are trusted whatever their subject.
    NoSubject,
    /// The subject is a pattern that begins with a wildcard, or is nothing but one.
    WideSubject,
    /// It has to be a session with MFA.
    Mfa,
    /// It has to know the external id.
    ExternalId,
    /// The trust is there, and nobody of the account may use it.
    Unused,
}

impl TrustNote {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            TrustNote::NoExternalId => "no-external-id",
            TrustNote::NoSource => "no-source",
            TrustNote::NoSubject => "no-subject",
            TrustNote::WideSubject => "wide-subject",
            TrustNote::Mfa => "mfa",
            TrustNote::ExternalId => "external-id",
            TrustNote::Unused => "unused",
        }
    }

    /// Whether it is a weakness.
    pub fn is_weak(self) -> bool {
        matches!(self, TrustNote::NoExternalId | TrustNote::NoSource | TrustNote::NoSubject | TrustNote::WideSubject)
    }
}

/// What somebody is whom a trust policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustKind {
    EveryAccount,
    /// A whole account.
    Account,
    /// A user, role or session.
    Principal,
    Service,
    /// The users of an identity provider.
    Federated,
}

impl TrustKind {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            TrustKind::EveryAccount => "every-account",
            TrustKind::Account => "account",
            TrustKind::Principal => "principal",
            TrustKind::Service => "service",
            TrustKind::Federated => "federated",
        }
    }
}

/// How sure an edge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustAnswer {
    /// The trust policy lets them, their own side does not.
    No,
    Undecidable,
    Conditional,
    /// The trust policy lets them; their account is not recorded.
    Theirs,
    Yes,
}

impl TrustAnswer {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            TrustAnswer::No => "no",
            TrustAnswer::Undecidable => "undecidable",
            TrustAnswer::Conditional => "conditional",
            TrustAnswer::Theirs => "theirs",
            TrustAnswer::Yes => "yes",
        }
    }

    fn of(answer: Answer) -> TrustAnswer {
        match answer {
            Answer::No => TrustAnswer::No,
            Answer::Undecidable => TrustAnswer::Undecidable,
            Answer::Conditional => TrustAnswer::Conditional,
            Answer::Yes => TrustAnswer::Yes,
        }
    }
}

/// Somebody of elsewhere whom one statement of a trust policy lets assume a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustEdge {
    pub role: String,
    pub account: String,
    pub kind: TrustKind,
    /// An account, the ARN of a principal, a service, a provider, `*`.
    pub from: String,
    /// The account of those, if it is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from_account: String,
    /// Whether that account is one of the record.
    pub known: bool,
    pub actions: Vec<String>,
    pub answer: TrustAnswer,
    /// Of an account whose principals were recorded: who may, by both sides' policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<String>,
    /// The statement of the trust policy.
    pub statement: Reason,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    pub notes: Vec<TrustNote>,
}

/// The edges, and how many roles were looked at.
#[derive(Clone, Debug, Default)]
pub struct Trusts {
    pub edges: Vec<TrustEdge>,
    pub roles: usize,
    /// Roles whose trust policy was not recorded.
    pub unrecorded: Vec<String>,
}

const ASSUME: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];
/// Keys by which a role's trust says for whom a service acts.
const SOURCES: [&str; 4] = ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"];

/// Who of elsewhere may assume the roles of some accounts; of none named, of all. Service-linked roles, which only
/// their service assumes, are left out.
pub fn trusts(world: &World, accounts: &[String]) -> Trusts {
    let mut found = Trusts::default();
    let is_wanted = |role: &&Principal| {
        role.kind() == PrincipalKind::Role
            && !role.is_service_linked()
            && (accounts.is_empty() || accounts.iter().any(|account| account == role.account()))
    };
    for role in world.principals().iter().filter(is_wanted) {
        found.roles += 1;
        let Some(trust) = role.trust() else { continue };
        if trust.is_unrecorded().is_some() {
            found.unrecorded.push(role.arn().to_owned());
            continue;
        }
        let looking = Looking { world, role };
        for statement in trust.policy().statements().filter(|statement| statement.effect() == Effect::Allow) {
            found.edges.extend(looking.edges(trust, statement));
        }
    }
    found.edges.sort_by(|a, b| {
        (a.kind, &a.role, &a.from, a.statement.statement).cmp(&(b.kind, &b.role, &b.from, b.statement.statement))
    });
    found
}

struct Looking<'w> {
    world: &'w World,
    role: &'w Principal,
}

/// Whom a statement names.
struct Who<'w> {
    kind: TrustKind,
    from: String,
    account: String,
    askers: Vec<(String, Subject<'w>, Context)>,
    theirs: bool,
}

impl<'w> Looking<'w> {
    fn edges(&self, trust: &haechi_iam::Prepared, statement: Statement<'_>) -> Vec<TrustEdge> {
        let mut whos: BTreeMap<(TrustKind, String), Who<'w>> = BTreeMap::new();
        let everybody = statement.principal_listing() == Some(Listing::Except);
        for principal in statement.principals() {
            let who = match (principal.kind, principal.value) {
                _ if everybody => Some(self.everybody()),
                (Named::Bare | Named::Aws, "*") => Some(self.everybody()),
                (Named::Service, name) => Some(self.single(TrustKind::Service, name)),
                (Named::Federated, name) => Some(self.single(TrustKind::Federated, name)),
                (Named::Aws, name) => self.of_account(name),
                (Named::Bare | Named::CanonicalUser, _) => None,
            };
            if let Some(who) = who {
                whos.insert((who.kind, who.from.clone()), who);
            }
        }
        whos.into_values().filter_map(|who| self.edge(trust, statement, who)).collect()
    }

    fn everybody(&self) -> Who<'w> {
        let mut context = Context::open();
        let caller = nobody(&mut context, "000000000000");
        context.set_unknown("aws:PrincipalAccount");
        Who {
            kind: TrustKind::EveryAccount,
            from: "*".to_owned(),
            account: String::new(),
            askers: vec![("*".to_owned(), Subject::of_outsider(caller), context)],
            theirs: true,
        }
    }

    fn single(&self, kind: TrustKind, name: &str) -> Who<'w> {
        let caller = match kind {
            TrustKind::Service => haechi_iam::Caller::service(name),
            _ => haechi_iam::Caller::federated(name),
        };
        let account = name.split(':').nth(4).filter(|account| is_account(account)).unwrap_or_default().to_owned();
        let askers = vec![(name.to_owned(), Subject::of_outsider(caller), Context::open())];
        Who { kind, from: name.to_owned(), account, askers, theirs: false }
    }

    /// An account, or a principal of one, that is not the role's own.
    fn of_account(&self, name: &str) -> Option<Who<'w>> {
        let account = if is_account(name) { name } else { name.split(':').nth(4).filter(|id| is_account(id))? };
        if account == self.role.account() {
            return None;
        }
        let known = self.world.account(account);
        let theirs = known.is_none();
        let whole = is_account(name) || name.ends_with(":root");
        let mut context = Context::open();
        let kind = if whole { TrustKind::Account } else { TrustKind::Principal };
        let from = if whole { account } else { name }.to_owned();
        let askers = match (whole, known) {
            (true, None) => {
                let caller = nobody(&mut context, account);
                vec![(account.to_owned(), Subject::of_outsider(caller), context)]
            }
            (true, Some(known)) => {
                let of_it = self.world.principals().iter().filter(|principal| principal.account() == account);
                let mut askers: Vec<_> = of_it
                    .filter(|principal| !principal.is_service_linked())
                    .map(|principal| (principal.arn().to_owned(), self.world.subject_of(principal), Context::open()))
                    .collect();
                if known.gap.is_some() || askers.is_empty() {
                    let (subject, context) = anybody_of(self.world, account, &Context::open());
                    askers.push((account.to_owned(), subject, context));
                }
                askers
            }
            (false, None) => {
                let caller = haechi_iam::Caller::from_arn(name).ok()?;
                vec![(name.to_owned(), Subject::of_outsider(caller), context)]
            }
            (false, Some(_)) => vec![(name.to_owned(), self.world.subject(name).ok()?, context)],
        };
        Some(Who { kind, from, account: account.to_owned(), askers, theirs })
    }

    fn edge(&self, trust: &haechi_iam::Prepared, statement: Statement<'_>, who: Who<'w>) -> Option<TrustEdge> {
        let target = self.world.target(self.role.arn(), None);
        let actions: Vec<&str> = ASSUME
            .into_iter()
            .filter(|action| {
                let fits = match (who.kind, *action) {
                    (TrustKind::Federated, action) => action != "sts:AssumeRole",
                    (_, action) => action == "sts:AssumeRole",
                };
                let named = statement.actions().any(|pattern| haechi_iam::pattern::matches_action(pattern, action));
                fits && named == (statement.action_listing() == Listing::Only)
            })
            .collect();
        let mut best = TrustAnswer::No;
        let mut holders = Vec::new();
        let mut keys: Vec<String> = Vec::new();
        for name in &actions {
            let Ok(action) = Action::parse(name) else { continue };
            for (holder, subject, context) in &who.askers {
                let question = self.world.question(subject, &action, &target, context, Guardrails::Counted);
                let Some(explanation) = Explanation::of(&question, subject.principal) else { continue };
                let mut answer = TrustAnswer::of(explanation.answer);
                if who.theirs && answer == TrustAnswer::Yes {
                    answer = TrustAnswer::Theirs;
                }
                if subject.principal.is_some() && !holders.contains(holder) {
                    holders.push(holder.clone());
                }
                for key in explanation.keys {
                    if !keys.contains(&key) {
                        keys.push(key);
                    }
                }
                best = best.max(answer);
            }
        }
        // Whose policies are recorded and do not let them: the trust stands unused.
        let has_own_side = matches!(who.kind, TrustKind::Account | TrustKind::Principal) && !who.theirs;
        if actions.is_empty() || (best == TrustAnswer::No && !has_own_side) {
            // Another statement denies it, or an RCP.
            return None;
        }
        let because = haechi_iam::Because {
            layer: haechi_iam::Layer::Resource,
            effect: Effect::Allow,
            policy: trust,
            statement: statement.index(),
        };
        let mut notes = self.notes(statement, &who);
        if best == TrustAnswer::No {
            notes.push(TrustNote::Unused);
        }
        keys.retain(|_| best < TrustAnswer::Theirs);
        Some(TrustEdge {
            role: self.role.arn().to_owned(),
            account: self.role.account().to_owned(),
            kind: who.kind,
            known: self.world.knows_account(&who.account),
            from: who.from,
            from_account: who.account,
            actions: actions.into_iter().map(str::to_owned).collect(),
            answer: best,
            holders,
            statement: Reason::of(&because, None),
            keys,
            notes,
        })
    }

    fn notes(&self, statement: Statement<'_>, who: &Who<'_>) -> Vec<TrustNote> {
        let has = |wanted: &str| statement.conditions().any(|condition| condition.key().eq_ignore_ascii_case(wanted));
        let mut notes = Vec::new();
        let external_id = has("sts:ExternalId");
        if external_id {
            notes.push(TrustNote::ExternalId);
        }
        if has("aws:MultiFactorAuthPresent") || has("aws:MultiFactorAuthAge") {
            notes.push(TrustNote::Mfa);
        }
        match who.kind {
            TrustKind::Account | TrustKind::Principal if who.theirs && !external_id => {
                notes.push(TrustNote::NoExternalId)
            }
            // EC2 gives a role to instances of the role's own account alone, and tells no source.
            TrustKind::Service if !SOURCES.iter().any(|key| has(key)) && who.from != "ec2.amazonaws.com" => {
                notes.push(TrustNote::NoSource);
            }
            TrustKind::Federated if !who.from.contains(":saml-provider/") => notes.extend(subject(statement)),
            _ => {}
        }
        notes
    }
}

/// How far the subject of an OIDC token is fixed.
fn subject(statement: Statement<'_>) -> Option<TrustNote> {
    let is_subject = |key: &str| {
        let key = key.to_ascii_lowercase();
        key.ends_with(":sub") || key.ends_with(":amr") || key.ends_with(":repository") || key.ends_with(":oaud")
    };
    let conditions: Vec<_> = statement.conditions().filter(|condition| is_subject(condition.key())).collect();
    if conditions.is_empty() {
        return Some(TrustNote::NoSubject);
    }
    let is_wide = |value: &str| {
        // `repo:*` and `*` leave the organization open.
        let fixed: &str = value.split(['*', '?']).next().unwrap_or_default();
        value.contains(['*', '?'])
            && (fixed.is_empty() || fixed.ends_with(':') && fixed.matches([':', '/']).count() == 1)
    };
    let wide = conditions.iter().all(|condition| condition.values().any(is_wide));
    wide.then_some(TrustNote::WideSubject)
}
