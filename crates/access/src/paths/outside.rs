//! Paths from outside: principals of other accounts, and users of identity providers, whom a role's trust policy lets
//! in. Only the way in is asked; what follows is the path of that role.

use haechi_iam::{Action, Caller, Context, Effect, PrincipalKind as Named, Tri};

use super::search::Searching;
use super::{Certainty, Cut, Evidence, Path, Step};
use crate::ask::Explanation;
use crate::world::{Guardrails, Principal, PrincipalKind, Subject};

/// Somebody outside whom a trust policy names.
struct Outsider {
    name: String,
    account: String,
    caller: Caller,
    action: &'static str,
    context: Context,
}

impl<'w> Searching<'w> {
    pub fn paths_from_outside(&self) -> Vec<Path> {
        let from = self.search.from.as_deref();
        if from.is_some_and(|from| self.ground.world.principal_index(from).is_some()) {
            return Vec::new();
        }
        let step = self.ground.ways.iter().find(|way| way.escalation.id == "sts-001");
        let Some(escalation) = step.map(|way| way.escalation) else { return Vec::new() };
        let mut found: Vec<Path> = Vec::new();
        for (place, role) in self.ground.world.principals().iter().enumerate() {
            let holder = &self.holders[place];
            let Some(beyond) = holder.certain.as_ref().or(holder.maybe.as_ref()) else { continue };
            if role.kind() != PrincipalKind::Role || !self.is_of_accounts(role.account()) {
                continue;
            }
            if beyond.steps >= self.search.max_steps {
                continue;
            }
            for outsider in self.outsiders(role) {
                if from.is_some_and(|from| from != outsider.name) {
                    continue;
                }
                let Some((grade, explanation)) = self.let_in(&outsider, role) else { continue };
                let rest = self.path(place);
                let possible = grade != Tri::Yes || holder.certain.is_none();
                let because = explanation.because;
                let cut = because.first().map_or_else(Cut::default, |reason| Cut {
                    action: outsider.action.to_owned(),
                    policy: Some(format!("{} ({})", reason.policy, role.arn())),
                    sid: reason.sid.clone(),
                    line: Some(reason.line),
                });
                let first = Step {
                    id: escalation.id.clone(),
                    title: escalation.title.clone(),
                    kind: escalation.kind,
                    from: outsider.name.clone(),
                    to: role.arn().to_owned(),
                    certainty: if grade == Tri::Yes { Certainty::Certain } else { Certainty::Maybe },
                    target: None,
                    service: None,
                    evidence: vec![Evidence {
                        action: outsider.action.to_owned(),
                        resource: role.arn().to_owned(),
                        because,
                    }],
                    trust: Vec::new(),
                    keys: explanation.keys,
                    supposes: None,
                    also: Vec::new(),
                    cut,
                    fix: escalation.fix.clone(),
                };
                let mut steps = vec![first];
                steps.extend(rest.into_iter().flat_map(|path| path.steps));
                let path = Path {
                    from: outsider.name,
                    account: outsider.account,
                    to: steps.last().map(|step| step.to.clone()).unwrap_or_default(),
                    certainty: if possible { Certainty::Maybe } else { Certainty::Certain },
                    outside: true,
                    steps,
                };
                found.push(path);
            }
        }
        found
    }

    fn outsiders(&self, role: &Principal) -> Vec<Outsider> {
        let world = self.ground.world;
        let mut found: Vec<Outsider> = Vec::new();
        let statements = role.trust().into_iter().flat_map(|trust| trust.policy().statements());
        for statement in statements.filter(|statement| statement.effect() == Effect::Allow) {
            for named in statement.principals() {
                let outsider = match (named.kind, named.value) {
                    (Named::Bare | Named::Aws, "*") => anybody(),
                    (Named::Aws, name) => {
                        let account = name.split(':').nth(4).unwrap_or(name);
                        if world.knows_account(account) { None } else { somebody(name, account) }
                    }
                    (Named::Federated, provider) => federated(provider),
                    _ => None,
                };
                found.extend(outsider.filter(|new| found.iter().all(|known| known.name != new.name)));
            }
        }
        found
    }

    /// Whether the trust policy lets somebody in whom it names; their own account is taken to.
    fn let_in(&self, outsider: &Outsider, role: &Principal) -> Option<(Tri, Explanation)> {
        let world = self.ground.world;
        let action = Action::parse(outsider.action).ok()?;
        let subject = Subject::of_outsider(outsider.caller.clone());
        let target = world.target(role.arn(), None);
        let question = world.question(&subject, &action, &target, &outsider.context, Guardrails::Counted);
        match question.decide().allowed {
            Tri::No => None,
            grade => Some((grade, Explanation::of(&question, None)?)),
        }
    }
}

/// An account that nobody has: principals that are not known stand in it.
const NO_ACCOUNT: &str = "000000000000";

fn anybody() -> Option<Outsider> {
    let mut context = Context::open();
    for key in ["aws:PrincipalArn", "aws:userid", "aws:username", "aws:PrincipalType", "aws:PrincipalAccount"] {
        context.set_unknown(key);
    }
    let caller = Caller::from_arn(&format!("arn:aws:iam::{NO_ACCOUNT}:role/example")).ok()?;
    // Whoever is of none of the recorded accounts is of another organization, or none.
    let caller = caller.with_org(None);
    Some(Outsider { name: "*".to_owned(), account: String::new(), caller, action: "sts:AssumeRole", context })
}

fn somebody(name: &str, account: &str) -> Option<Outsider> {
    let mut context = Context::open();
    let whole = name == account || name.ends_with(":root");
    let arn = if whole { format!("arn:aws:iam::{account}:role/example") } else { name.to_owned() };
    if whole {
        for key in ["aws:PrincipalArn", "aws:userid", "aws:username", "aws:PrincipalType"] {
            context.set_unknown(key);
        }
    }
    let caller = Caller::from_arn(&arn).ok()?;
    let name = if whole { account } else { name };
    Some(Outsider { name: name.to_owned(), account: account.to_owned(), caller, action: "sts:AssumeRole", context })
}

/// Any user of an OIDC provider: one whose subject nobody had in mind.
fn federated(provider: &str) -> Option<Outsider> {
    // Whom a SAML provider lets in, its own assignments say.
    let host = match provider.split_once(":oidc-provider/") {
        Some((_, host)) => host,
        None if provider.contains(":saml-provider/") => return None,
        None => provider,
    };
    let mut context = Context::open();
    context.set(&format!("{host}:sub"), "somebody:nobody-had-in-mind");
    let caller = Caller::federated(provider);
    let (name, action) = (provider.to_owned(), "sts:AssumeRoleWithWebIdentity");
    Some(Outsider { name, account: String::new(), caller, action, context })
}
