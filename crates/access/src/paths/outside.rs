//! Paths from outside: principals of other accounts, and users of identity providers, whom a role's trust policy lets
//! in. Only the way in is asked; what follows is the path of that role.

use haechi_iam::{Action, Caller, Context, Effect, OrgPlace, PrincipalKind as Named, Tri};

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
    /// Somebody by name for each whom the conditions of the trust policy have in mind. Where it depends on who asks,
    /// one of them must be let in.
    examples: Vec<(Caller, Context)>,
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
                    besides: Vec::new(),
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
                    (Named::Bare | Named::Aws, "*") => self.anybody(role),
                    (Named::Aws, name) => {
                        let account = name.split(':').nth(4).unwrap_or(name);
                        if world.knows_account(account) { None } else { somebody(name, account) }
                    }
                    (Named::Federated, provider) => federated(provider, role),
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
        let lets_in = |(caller, context): &(Caller, Context)| {
            let subject = Subject::of_outsider(caller.clone());
            !world.question(&subject, &action, &target, context, Guardrails::Counted).decide().allowed.is_no()
        };
        match question.decide().allowed {
            Tri::No => None,
            Tri::Maybe if !outsider.examples.is_empty() && !outsider.examples.iter().any(lets_in) => None,
            grade => Some((grade, Explanation::of(&question, None)?)),
        }
    }
}

/// An account that nobody has: principals that are not known stand in it.
const NO_ACCOUNT: &str = "000000000000";
/// What nobody has in mind who writes a trust policy.
const NOBODY: &str = "nobody-had-in-mind";
/// Examples of outsiders, at most.
const MOST_EXAMPLES: usize = 64;

impl Searching<'_> {
    /// Whoever is of none of the recorded accounts: of another organization, or none.
    fn anybody(&self, role: &Principal) -> Option<Outsider> {
        let world = self.ground.world;
        let mut context = Context::open();
        for key in ["aws:PrincipalArn", "aws:userid", "aws:username", "aws:PrincipalType", "aws:PrincipalAccount"] {
            context.set_unknown(key);
        }
        for key in ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"] {
            context.set_unknown(key);
        }
        let caller = Caller::from_arn(&format!("arn:aws:iam::{NO_ACCOUNT}:role/example")).ok()?;
        let caller = caller.with_org(None);
        let foreign = |account: &str| !world.knows_account(account);
        let mut arns = vec![format!("arn:aws:iam::{NO_ACCOUNT}:role/example")];
        let accounts = values(role, "aws:PrincipalAccount").filter(|account| foreign(account));
        arns.extend(accounts.map(|account| format!("arn:aws:iam::{account}:role/example")));
        for named in values(role, "aws:PrincipalArn") {
            let parts: Vec<&str> = named.splitn(6, ':').collect();
            let [_, _, _, _, account, name] = parts[..] else { continue };
            let open = account.contains(['*', '?']);
            let account = if open { NO_ACCOUNT } else { account };
            if open || foreign(account) {
                let name = if name == "*" { "role/example".to_owned() } else { name.replace(['*', '?'], "x") };
                arns.push(format!("arn:aws:iam::{account}:{name}"));
            }
        }
        let own = |id: &str| world.organizations().iter().any(|known| known.id() == id);
        let mut places = vec![None];
        for path in values(role, "aws:PrincipalOrgID").chain(values(role, "aws:PrincipalOrgPaths")) {
            let id = path.split('/').next().unwrap_or_default();
            if !own(id) && !id.contains(['*', '?']) {
                let path = format!("{}/", path.trim_end_matches('/').replace(['*', '?'], "x"));
                places.push(Some(OrgPlace { id: id.into(), paths: [path.into_boxed_str()].into() }));
            }
        }
        let mut examples = Vec::new();
        for arn in &arns {
            for place in &places {
                if let Ok(caller) = Caller::from_arn(arn)
                    && examples.len() < MOST_EXAMPLES
                {
                    let mut context = Context::open();
                    for key in ["aws:userid", "aws:username", "aws:PrincipalType"] {
                        context.set_unknown(key);
                    }
                    examples.push((caller.with_org(place.clone()), context));
                }
            }
        }
        let (name, account) = ("*".to_owned(), String::new());
        Some(Outsider { name, account, caller, action: "sts:AssumeRole", context, examples })
    }
}

/// The values that the allowing statements of a role's trust policy compare a key with.
fn values<'p>(role: &'p Principal, key: &'p str) -> impl Iterator<Item = &'p str> {
    let statements = role.trust().into_iter().flat_map(|trust| trust.policy().statements());
    let conditions =
        statements.filter(|one| one.effect() == Effect::Allow).flat_map(|statement| statement.conditions());
    conditions.filter(move |one| one.key().eq_ignore_ascii_case(key)).flat_map(|one| one.values())
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
    let (name, account) = (name.to_owned(), account.to_owned());
    Some(Outsider { name, account, caller, action: "sts:AssumeRole", context, examples: Vec::new() })
}

/// Any user of an OIDC provider: one whose subject nobody had in mind.
fn federated(provider: &str, role: &Principal) -> Option<Outsider> {
    // Whom a SAML provider lets in, its own assignments say.
    let host = match provider.split_once(":oidc-provider/") {
        Some((_, host)) => host,
        None if provider.contains(":saml-provider/") => return None,
        None => provider,
    };
    let key = format!("{host}:sub");
    let subject = values(role, &key).find_map(|subject| of_a_stranger(host, subject));
    let mut context = Context::open();
    context.set(&key, subject.as_deref().unwrap_or("somebody:nobody-had-in-mind"));
    let caller = Caller::federated(provider);
    let (name, action) = (provider.to_owned(), "sts:AssumeRoleWithWebIdentity");
    Some(Outsider { name, account: String::new(), caller, action, context, examples: Vec::new() })
}

/// Providers that everybody can be a user of: how their subjects begin, and what ends the name of the owner.
const SHARED_PROVIDERS: [(&str, &str, &[char]); 3] = [
    ("token.actions.githubusercontent.com", "repo:", &['/', ':']),
    ("gitlab.com", "project_path:", &['/', ':']),
    ("app.terraform.io", "organization:", &[':']),
];

/// A subject that a pattern matches and that is somebody else's: where the pattern leaves the name of the owner open,
/// whoever registers a fitting name has it.
fn of_a_stranger(host: &str, pattern: &str) -> Option<String> {
    let (_, begins, ends) = SHARED_PROVIDERS.iter().find(|(known, ..)| *known == host)?;
    let rest = pattern.strip_prefix(begins)?;
    let end = rest.find(*ends).unwrap_or(rest.len());
    let (owner, beyond) = rest.split_at(end);
    if !owner.contains('*') {
        return None;
    }
    // A star reaches beyond the owner's name where nothing else does.
    let whole = if beyond.starts_with('/') { NOBODY.to_owned() } else { format!("{NOBODY}/example") };
    let owner = owner.replacen('*', &whole, 1).replace('*', "");
    Some(format!("{begins}{owner}{}", beyond.replace(['*', '?'], "x")))
}
