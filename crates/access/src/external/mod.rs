//! External access: who outside the zone of trust reaches which resource. Every policy is taken for the set of
//! requests it allows (see `haechi_iam::sets`), each answer has one of them as its example, and the evaluator has
//! decided it again. What cannot be told is open.

mod access_points;
mod kinds;
mod shares;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use haechi_iam::catalogue::{AccessLevel, Catalogue};
use haechi_iam::sets::{self, Asker, Found, Given, Scope, Witness, Zone};
use haechi_iam::{
    Action, FixedRule, Listing, Prepared, PrincipalKind as Named, ResourceKind, Standing, Tri, supports_rcps,
};
use serde::Serialize;

use crate::ask::ConditionText;
use crate::world::{Guardrails, Subject, Target, World};
use access_points::Behind;

pub use kinds::{EXTERNAL_KINDS, ExternalKind, Looked, external_kind};
pub use shares::Shares;
pub(crate) use shares::{Share, With};

/// Whom one trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trusted {
    /// Accounts and organizations (`o-...`). Empty: the organization of the resource's account, or that account.
    /// [`NOBODY_ELSE`]: that account alone.
    pub names: Vec<String>,
}

/// Among the names of [`Trusted`]: nobody but the account of the resource.
pub const NOBODY_ELSE: &str = "self";

/// Who gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutsiderKind {
    /// Without credentials.
    Everyone,
    /// Every principal of whatever account.
    EveryAccount,
    Account,
    /// A user, role or session by its name.
    Principal,
    /// The users of an identity provider.
    Federated,
    /// An account by its canonical user id.
    CanonicalUser,
    /// The accounts of an organization or unit, by its ARN: images alone are shared so.
    Organization,
    /// Not known: the policy was not recorded.
    Unknown,
}

impl OutsiderKind {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            OutsiderKind::Everyone => "everyone",
            OutsiderKind::EveryAccount => "every-account",
            OutsiderKind::Account => "account",
            OutsiderKind::Principal => "principal",
            OutsiderKind::Federated => "federated",
            OutsiderKind::CanonicalUser => "canonical-user",
            OutsiderKind::Organization => "organization",
            OutsiderKind::Unknown => "unknown",
        }
    }
}

/// How sure it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The evaluator allows the example.
    Open,
    /// It could not be told, so it counts as open, and why.
    Unknown(Doubt),
}

/// Why something cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The patterns are too many to compare.
    TooMany,
    /// Variables whose values nobody knows decide.
    Variables(Vec<String>),
    /// A policy or list was not recorded.
    Unrecorded(String),
    /// An access point lets the example in and the bucket some such request, but not that one.
    Bucket(String),
}

/// What opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Statement {
        policy: String,
        index: usize,
        sid: Option<String>,
        line: usize,
    },
    Grant {
        id: String,
    },
    /// A share: its kind and what it says.
    Share {
        kind: &'static str,
        detail: String,
    },
    Unrecorded,
}

/// One request, as an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    pub principal: String,
    pub action: String,
    pub resource: String,
    /// Keys that the answer hangs on; null: the request must not have it.
    pub context: BTreeMap<String, serde_json::Value>,
}

/// Somebody outside who reaches something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub resource: String,
    pub resource_type: &'static str,
    pub account: String,
    pub region: String,
    pub kind: OutsiderKind,
    pub outsider: String,
    /// As AWS defines public.
    pub public: bool,
    pub certainty: Certainty,
    pub actions: BTreeSet<String>,
    pub levels: BTreeSet<AccessLevel>,
    /// What narrows it.
    pub conditions: Vec<ConditionText>,
    pub source: Source,
    pub example: Option<Example>,
}

/// What was found, and how much was looked at.
#[derive(Clone, Debug, Default)]
pub struct External {
    /// The public first, then by resource.
    pub openings: Vec<Opening>,
    /// Each kind with how many resources there were; none: the record has no such items.
    pub looked: Vec<(&'static ExternalKind, usize)>,
}

/// What to look at.
pub struct Question<'a> {
    pub trusted: &'a Trusted,
    pub accounts: &'a [String],
    /// None of them: all kinds.
    pub kinds: &'a [&'static ExternalKind],
    /// The moment, as `aws:CurrentTime` has it.
    pub now: Option<&'a str>,
}

/// Who outside the zone of trust reaches what.
pub fn external(world: &World, shares: &Shares, catalogue: &Catalogue, question: &Question<'_>) -> External {
    let mut look = Look { world, catalogue, question, zones: HashMap::new(), openings: Vec::new() };
    let mut looked = Vec::new();
    for kind in EXTERNAL_KINDS.iter().filter(|kind| question.kinds.is_empty() || question.kinds.contains(kind)) {
        let count = match kind.looked {
            Looked::ByPolicy(service, types, public) => look.policies(kind.name, service, types, public),
            Looked::ByTrust => look.roles(),
            Looked::ByShare => shares.looked.get(kind.name).copied().unwrap_or_default(),
            Looked::NeverShared => 0,
        };
        if kind.name == "AWS::S3::Bucket" {
            look.access_points();
        }
        look.shares(shares, kind.name);
        looked.push((kind, count));
    }
    let mut openings = look.openings;
    let order = |opening: &Opening| (!opening.public, opening.kind, opening.resource.clone(), opening.outsider.clone());
    openings.sort_by_cached_key(order);
    External { openings, looked }
}

/// With whom images are shared, which Access Analyzer does not look at; and how many images there are.
pub(crate) fn images(
    world: &World,
    shares: &Shares,
    catalogue: &Catalogue,
    question: &Question<'_>,
) -> (Vec<Opening>, usize) {
    let mut look = Look { world, catalogue, question, zones: HashMap::new(), openings: Vec::new() };
    look.shares(shares, IMAGE);
    (look.openings, shares.looked.get(IMAGE).copied().unwrap_or_default())
}

const IMAGE: &str = "AWS::EC2::Image";

struct Look<'a> {
    world: &'a World,
    catalogue: &'a Catalogue,
    question: &'a Question<'a>,
    zones: HashMap<String, Rc<Zone>>,
    openings: Vec<Opening>,
}

/// A resource with what is common to all that opens it.
struct Holder<'a> {
    arn: &'a str,
    resource_type: &'static str,
    account: &'a str,
    region: &'a str,
    target: &'a Target<'a>,
    /// The statements that are public by AWS's definition.
    public: BTreeSet<(*const Prepared, usize)>,
    /// Of an access point: the bucket that has to let requests in as well.
    behind: Option<&'a Behind<'a>>,
}

impl Look<'_> {
    fn wants(&self, account: &str) -> bool {
        self.question.accounts.is_empty() || self.question.accounts.iter().any(|wanted| wanted == account)
    }

    /// Whom the owner of a resource trusts.
    fn zone(&mut self, account: &str) -> Rc<Zone> {
        if let Some(zone) = self.zones.get(account) {
            return zone.clone();
        }
        let mut zone = Zone { accounts: BTreeSet::from([account.into()]), organization: None };
        let names = &self.question.trusted.names;
        for organization in self.world.organizations() {
            let is_own = organization.node(account).is_some() || organization.management_account() == Some(account);
            let is_trusted =
                if names.is_empty() { is_own } else { names.iter().any(|name| **name == *organization.id) };
            if is_trusted {
                zone.accounts.extend(organization.accounts().map(|node| node.id.clone()));
                zone.accounts.extend(organization.management_account().map(Box::from));
                zone.organization = Some(organization.id.clone());
            }
        }
        for name in names {
            if name == NOBODY_ELSE {
                continue;
            }
            if name.starts_with("o-") {
                zone.organization = zone.organization.or_else(|| Some(name.as_str().into()));
            } else {
                zone.accounts.insert(name.as_str().into());
            }
        }
        let zone = Rc::new(zone);
        self.zones.insert(account.to_owned(), zone.clone());
        zone
    }

    /// Looks at every recorded resource of a kind; tells how many there are.
    fn policies(&mut self, name: &'static str, service: &str, types: &[(&str, &str)], public: ResourceKind) -> usize {
        let world = self.world;
        let resources = world.resources().filter(|resource| *resource.resource_type == *name);
        let resources: Vec<_> = resources.filter(|resource| self.wants(&resource.account)).collect();
        let actions = actions_on(self.catalogue, service, types);
        for resource in &resources {
            let target = world.target(&resource.arn, Some(&resource.account));
            let holder = Holder {
                arn: &resource.arn,
                resource_type: name,
                account: &resource.account,
                region: &resource.region,
                public: public_statements(&target.policy, public),
                target: &target,
                behind: None,
            };
            self.holder(&holder, &target.policy, &actions);
            self.grants(&holder);
        }
        resources.len()
    }

    fn roles(&mut self) -> usize {
        let world = self.world;
        let roles = world.principals().iter().filter(|principal| principal.trust().is_some());
        let roles: Vec<_> = roles.filter(|role| self.wants(role.account())).collect();
        let actions: Vec<(Action, Vec<&str>)> =
            ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"]
                .iter()
                .filter_map(|name| Some((Action::parse(name).ok()?, vec![""])))
                .collect();
        for role in &roles {
            let target = world.target(role.arn(), Some(role.account()));
            let holder = Holder {
                arn: role.arn(),
                resource_type: "AWS::IAM::Role",
                account: role.account(),
                region: "global",
                public: public_statements(&target.trust, ResourceKind::Role),
                target: &target,
                behind: None,
            };
            self.holder(&holder, &target.trust, &actions);
        }
        roles.len()
    }

    /// One resource, by its policy.
    fn holder(&mut self, holder: &Holder<'_>, policies: &[Arc<Prepared>], actions: &[(Action, Vec<&str>)]) {
        let target = holder.target;
        if policies.iter().any(|policy| policy.is_unrecorded().is_some()) {
            let certainty = Certainty::Unknown(Doubt::Unrecorded(policies[0].name().to_owned()));
            self.openings.push(Opening {
                kind: OutsiderKind::Unknown,
                certainty,
                source: Source::Unrecorded,
                ..holder.opening()
            });
            return;
        }
        let zone = self.zone(holder.account);
        let guards = self.guards(target, holder.account);
        let all: Vec<&Prepared> = policies.iter().map(|policy| &**policy).chain(guards.iter().copied()).collect();
        let telling: Vec<&Prepared> =
            all.iter().copied().chain(holder.behind.into_iter().flat_map(Behind::policies)).collect();
        let fixed: Vec<(&str, &str)> = holder.behind.into_iter().flat_map(Behind::keys).collect();
        let texts: Vec<&str> = all.iter().map(|policy| policy.policy().text()).collect();
        let mut by_place: BTreeMap<&[&str], Vec<Action>> = BTreeMap::new();
        for (action, places) in actions {
            by_place.entry(places).or_default().push(action.clone());
        }
        let mut found: BTreeMap<(OutsiderKind, String, usize, usize), Opening> = BTreeMap::new();
        for (places, actions) in by_place {
            let resources: Vec<String> = places.iter().map(|place| format!("{}{place}", holder.arn)).collect();
            let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
            for class in sets::classes(actions, telling.iter().copied()) {
                let guards = if supports_rcps(class[0].service()) { &*guards } else { &[] };
                // Whoever assumes a role signs the request, or has a provider that vouches for them.
                let unsigned = holder.resource_type != "AWS::IAM::Role";
                let askers = sets::outsiders(policies, guards, &zone).into_iter();
                for asker in askers.filter(|asker| unsigned || *asker != Asker::Anonymous) {
                    let scope = Scope {
                        catalogue: self.catalogue,
                        action: &class[0],
                        resources: &resources,
                        target: &target.resource,
                        zone: &zone,
                        now: self.question.now,
                        fixed: &fixed,
                    };
                    for access in sets::accesses(&scope, &asker, policies, guards) {
                        let Some(opening) = self.opened(holder, &asker, &access, &class, &texts) else { continue };
                        let document =
                            policies.iter().position(|policy| std::ptr::eq(&**policy, access.policy)).unwrap_or(0);
                        let key = (opening.kind, opening.outsider.clone(), document, access.statement);
                        match found.get_mut(&key) {
                            Some(known) => known.join(opening),
                            None => {
                                found.insert(key, opening);
                            }
                        }
                    }
                }
            }
        }
        // Where everybody can without credentials, every account can; and each account by itself.
        let everyone: Vec<(usize, usize, BTreeSet<String>)> = found
            .iter()
            .filter(|((kind, ..), opening)| *kind == OutsiderKind::Everyone && opening.certainty == Certainty::Open)
            .map(|((_, _, document, statement), opening)| (*document, *statement, opening.actions.clone()))
            .collect();
        found.retain(|(kind, _, document, statement), opening| {
            *kind == OutsiderKind::Everyone
                || !everyone
                    .iter()
                    .any(|(of, at, actions)| of == document && at == statement && opening.actions.is_subset(actions))
        });
        self.openings.extend(found.into_values());
    }

    /// The RCPs that bear on requests for a resource.
    fn guards<'t>(&self, target: &'t Target<'_>, account: &str) -> Vec<&'t Prepared> {
        let exempt = target.recorded.is_some_and(|recorded| recorded.aws_managed_key)
            || self.world.account(account).is_some_and(|account| account.standing == Standing::Management);
        let levels = target.rcps.iter().filter(|_| !exempt);
        levels.flat_map(|level| &level.policies).map(|policy| &**policy).collect()
    }

    /// What one statement opens; none if the evaluator knows better.
    fn opened(
        &self,
        holder: &Holder<'_>,
        asker: &Asker,
        access: &sets::Access<'_>,
        class: &[Action],
        texts: &[&str],
    ) -> Option<Opening> {
        let statement = access.policy.policy().statement(access.statement)?;
        let names_everybody = statement.principal_listing() == Some(Listing::Except)
            || statement
                .principals()
                .any(|principal| matches!(principal.kind, Named::Bare | Named::Aws) && principal.value == "*");
        let (kind, outsider) = who(asker, names_everybody, texts, self.world);
        let (certainty, example) = match &access.found {
            Found::Nothing => return None,
            Found::TooMany => (Certainty::Unknown(Doubt::TooMany), None),
            Found::Request(witness) => (self.decided(holder, witness)?, Some(example_of(witness))),
        };
        let certainty = match holder.behind {
            Some(behind) => self.behind(holder, behind, asker, &class[0], (certainty, &access.found))?,
            None => certainty,
        };
        let actions: BTreeSet<String> = class.iter().map(|action| action.text().to_owned()).collect();
        let levels = class.iter().filter_map(|action| Some(self.catalogue.action(action.text())?.level())).collect();
        let conditions = statement.conditions().map(|condition| ConditionText {
            operator: condition.operator().to_string(),
            key: condition.key().to_owned(),
            values: condition.values().map(str::to_owned).collect(),
        });
        let line = access.policy.position(access.statement).map_or(0, |position| position.line);
        Some(Opening {
            kind,
            outsider,
            public: holder.public.contains(&(std::ptr::from_ref(access.policy), access.statement))
                && matches!(kind, OutsiderKind::Everyone | OutsiderKind::EveryAccount),
            certainty,
            actions,
            levels,
            conditions: conditions.collect(),
            source: Source::Statement {
                policy: access.policy.name().to_owned(),
                index: access.statement,
                sid: statement.sid().map(str::to_owned),
                line,
            },
            example,
            ..holder.opening()
        })
    }

    /// What the evaluator says to the example. None: what no policy says stands against it.
    fn decided(&self, holder: &Holder<'_>, witness: &Witness) -> Option<Certainty> {
        let target = self.world.target(&witness.resource, Some(holder.account));
        let context = holder.behind.map_or_else(|| witness.to_context(), |behind| behind.context(witness));
        let subject = Subject::of_outsider(witness.caller.clone());
        let question = self.world.question(&subject, &witness.action, &target, &context, Guardrails::Counted);
        if question.decide().allowed == Tri::Yes {
            return Some(Certainty::Open);
        }
        let decision = question.explain();
        if matches!(decision.rule, Some(FixedRule::RestrictPublicBuckets | FixedRule::RootAssumesNoRole)) {
            return None;
        }
        Some(Certainty::Unknown(if witness.variables.is_empty() {
            Doubt::TooMany
        } else {
            Doubt::Variables(witness.variables.clone())
        }))
    }

    /// Grants on a KMS key.
    fn grants(&mut self, holder: &Holder<'_>) {
        let zone = self.zone(holder.account);
        for grant in holder.target.grants {
            let account = grant.grantee().split(':').nth(4).unwrap_or_default();
            if account.is_empty() || zone.accounts.contains(account) {
                continue;
            }
            let whole = grant.grantee().ends_with(":root");
            let names = grant.operations().filter_map(|name| self.catalogue.action(&format!("kms:{name}")));
            let (mut actions, mut levels) = (BTreeSet::new(), BTreeSet::new());
            for action in names {
                actions.insert(action.full_name());
                levels.insert(action.level());
            }
            self.openings.push(Opening {
                kind: if whole { OutsiderKind::Account } else { OutsiderKind::Principal },
                outsider: if whole { account.to_owned() } else { grant.grantee().to_owned() },
                example: actions.first().map(|action| plain_example(grant.grantee(), action, holder.arn)),
                actions,
                levels,
                source: Source::Grant { id: grant.id().to_owned() },
                ..holder.opening()
            });
        }
    }

    fn shares(&mut self, shares: &Shares, name: &str) {
        for share in shares.all.iter().filter(|share| share.resource_type == name) {
            let zone = self.zone(&share.account);
            let is_inside = matches!(&share.with, With::Account(account) if zone.accounts.contains(account.as_str()));
            if self.wants(&share.account) && !is_inside {
                self.openings.push(self.shared(share));
            }
        }
        for (arn, reason) in &shares.unread {
            let account = arn.split(':').nth(4).unwrap_or_default();
            let is_kind = match name {
                "AWS::EC2::Snapshot" => arn.contains(":ec2:") && arn.contains(":snapshot/"),
                IMAGE => arn.contains(":image/"),
                "AWS::RDS::DBSnapshot" => arn.contains(":snapshot:") && arn.contains(":rds:"),
                "AWS::RDS::DBClusterSnapshot" => arn.contains(":cluster-snapshot:"),
                _ => false,
            };
            if is_kind && (account.is_empty() || self.wants(account)) {
                self.openings.push(Opening {
                    resource: arn.clone(),
                    resource_type: EXTERNAL_KINDS.iter().find(|kind| kind.name == name).map_or(IMAGE, |kind| kind.name),
                    account: account.to_owned(),
                    region: arn.split(':').nth(3).unwrap_or_default().to_owned(),
                    kind: OutsiderKind::Unknown,
                    certainty: Certainty::Unknown(Doubt::Unrecorded(reason.clone())),
                    ..Opening::nothing()
                });
            }
        }
    }

    fn shared(&self, share: &Share) -> Opening {
        let (kind, outsider) = match &share.with {
            With::EveryAccount => (OutsiderKind::EveryAccount, "*"),
            With::Account(account) => (OutsiderKind::Account, account.as_str()),
            With::Organization(arn) | With::Unit(arn) => (OutsiderKind::Organization, arn.as_str()),
        };
        let levels = share.actions.iter().filter_map(|name| Some(self.catalogue.action(name)?.level())).collect();
        let account = if kind == OutsiderKind::Account { outsider } else { "999988887777" };
        let principal = format!("arn:aws:iam::{account}:role/example");
        Opening {
            resource: share.arn.to_string(),
            resource_type: share.resource_type,
            account: share.account.to_string(),
            region: share.region.to_string(),
            kind,
            outsider: outsider.to_owned(),
            public: kind == OutsiderKind::EveryAccount,
            actions: share.actions.iter().map(|name| (*name).to_owned()).collect(),
            levels,
            source: Source::Share { kind: share.source, detail: share.detail.clone() },
            example: share.actions.first().map(|action| plain_example(&principal, action, &share.arn)),
            ..Opening::nothing()
        }
    }
}

impl Holder<'_> {
    fn opening(&self) -> Opening {
        let opening = Opening {
            resource: self.arn.to_owned(),
            resource_type: self.resource_type,
            account: self.account.to_owned(),
            region: self.region.to_owned(),
            ..Opening::nothing()
        };
        match self.behind {
            Some(behind) => behind.opening(opening),
            None => opening,
        }
    }
}

impl Opening {
    fn nothing() -> Opening {
        Opening {
            resource: String::new(),
            resource_type: "",
            account: String::new(),
            region: String::new(),
            kind: OutsiderKind::Unknown,
            outsider: String::new(),
            public: false,
            certainty: Certainty::Open,
            actions: BTreeSet::new(),
            levels: BTreeSet::new(),
            conditions: Vec::new(),
            source: Source::Unrecorded,
            example: None,
        }
    }

    /// The same statement for the same people, by other actions. The example of what is certain stands.
    fn join(&mut self, other: Opening) {
        let is_better = match (&self.certainty, &other.certainty) {
            (Certainty::Unknown(_), Certainty::Open) => true,
            (Certainty::Open, Certainty::Unknown(_)) => false,
            _ => other.levels.last() > self.levels.last(),
        };
        if is_better {
            self.certainty = other.certainty;
            self.example = other.example;
        }
        self.actions.extend(other.actions);
        self.levels.extend(other.levels);
    }
}

fn public_statements(policies: &[Arc<Prepared>], kind: ResourceKind) -> BTreeSet<(*const Prepared, usize)> {
    let of = |policy: &Arc<Prepared>| {
        let at = Arc::as_ptr(policy);
        policy.policy().public_statements(kind, &[]).into_iter().map(move |statement| (at, statement.index))
    };
    policies.iter().flat_map(of).collect()
}

/// The actions of a service on types of resources, with what follows the ARN of those.
fn actions_on<'t>(catalogue: &Catalogue, service: &str, types: &[(&str, &'t str)]) -> Vec<(Action, Vec<&'t str>)> {
    let actions = catalogue.service(service).into_iter().flat_map(|service| service.actions());
    actions
        .filter_map(|action| {
            let named = |name: &str| action.resources().any(|used| used.resource_type().name() == name);
            let mut places: Vec<&str> = types.iter().filter(|(name, _)| named(name)).map(|(_, place)| *place).collect();
            places.dedup();
            Some((action.to_action()?, places)).filter(|(_, places)| !places.is_empty())
        })
        .collect()
}

/// Whom an asker stands for.
fn who(asker: &Asker, everybody: bool, texts: &[&str], world: &World) -> (OutsiderKind, String) {
    match asker {
        Asker::Anonymous => (OutsiderKind::Everyone, "*".to_owned()),
        Asker::RoleOf(account) | Asker::UserOf(account) | Asker::RootOf(account) => {
            // An account that no policy names stands for all.
            if everybody && !texts.iter().any(|text| text.contains(&**account)) && !world.knows_account(account) {
                (OutsiderKind::EveryAccount, "*".to_owned())
            } else {
                (OutsiderKind::Account, account.to_string())
            }
        }
        Asker::Named(arn) => (OutsiderKind::Principal, arn.to_string()),
        Asker::Federated(provider) => (OutsiderKind::Federated, provider.to_string()),
        Asker::Canonical(id) => (OutsiderKind::CanonicalUser, id.to_string()),
        Asker::Service(name) => (OutsiderKind::Principal, name.to_string()),
        Asker::Holder => (OutsiderKind::Unknown, String::new()),
    }
}

fn example_of(witness: &Witness) -> Example {
    let value = |given: &Given| match given {
        Given::Absent => serde_json::Value::Null,
        Given::Single(value) => value.as_str().into(),
        Given::Many(values) => values.clone().into(),
    };
    let name = witness.caller.name_in_policies();
    Example {
        principal: if name.is_empty() { "*" } else { name }.to_owned(),
        action: witness.action.text().to_owned(),
        resource: witness.resource.clone(),
        context: witness.context.iter().map(|(key, given)| (key.clone(), value(given))).collect(),
    }
}

fn plain_example(principal: &str, action: &str, resource: &str) -> Example {
    Example {
        principal: principal.to_owned(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: BTreeMap::new(),
    }
}
