//! Who can do something with a resource: every principal of every recorded account, the root users, and those
//! outside whom the resource's policy names.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use haechi_iam::{
    Action, Caller, Context, Effect, Listing, OrgPlace, PolicyKind, Prepared, PrincipalKind as Named, Question, Tri,
};
use serde::Serialize;

use super::answer::{Answer, Explanation};
use crate::world::{Guardrails, PrincipalKind, Subject, Target, World};

/// What somebody is who can do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HolderKind {
    /// Anybody, without credentials.
    Everyone,
    /// Every principal of whatever AWS account, if its own account lets it.
    EveryAccount,
    /// An account outside, or a principal of one: its own account has to let it.
    Outside,
    /// An account of the organization whose principals were not recorded, or not all.
    UnrecordedAccount,
    Service,
    /// An identity provider's users.
    Federated,
    Root,
    User,
    Role,
}

impl HolderKind {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            HolderKind::Everyone => "everyone",
            HolderKind::EveryAccount => "every-account",
            HolderKind::Outside => "outside",
            HolderKind::UnrecordedAccount => "unrecorded-account",
            HolderKind::Service => "service",
            HolderKind::Federated => "federated",
            HolderKind::Root => "root",
            HolderKind::User => "user",
            HolderKind::Role => "role",
        }
    }
}

/// Somebody who can do something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    pub kind: HolderKind,
    /// An ARN, an account id, a service principal; `*` for everyone.
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub account: String,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhoRow {
    #[serde(flatten)]
    pub holder: Holder,
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// Who can, and how many were asked about.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct WhoCan {
    /// Everybody but those who certainly cannot: first who is least expected, then by name.
    pub rows: Vec<WhoRow>,
    /// Principals that were asked about.
    pub asked: usize,
    /// The resource's own policy was not recorded: who is not allowed by their own policies is left out, and
    /// counted here, since the policy could let in anybody.
    pub left_to_policy: Option<usize>,
}

impl WhoCan {
    /// How many have an answer.
    pub fn count(&self, answer: Answer) -> usize {
        self.rows.iter().filter(|row| row.explanation.answer == answer).count()
    }
}

/// An account that nobody has: principals that are not known stand in it.
const NO_ACCOUNT: &str = "000000000000";

/// Who can do it. The context tells what is known of the requests: an open one leaves everything else open.
pub fn who_can(
    world: &World,
    action: &Action,
    target: &Target<'_>,
    context: &Context,
    guardrails: Guardrails,
) -> WhoCan {
    let mut answers = WhoCan::default();
    let about_target = if action.service() == "sts" { &target.trust } else { &target.policy };
    if about_target.iter().any(|policy| policy.is_unrecorded().is_some()) {
        answers.left_to_policy = Some(0);
    }
    let mut sides = OwnSides::default();
    let mut ask = |subject: &Subject<'_>, context: &Context, kind: HolderKind, name: &str| {
        answers.asked += 1;
        let question = world.question(subject, action, target, context, guardrails);
        if let Some(left) = &mut answers.left_to_policy
            && question.decide().allowed != Tri::No
            && sides.outcome(&question) == Tri::No
        {
            *left += 1;
            return;
        }
        if let Some(explanation) = Explanation::of(&question, subject.principal) {
            let account = subject.caller.account();
            let account = if account == NO_ACCOUNT { "" } else { account };
            let holder = Holder { kind, name: name.to_owned(), account: account.to_owned() };
            answers.rows.push(WhoRow { holder, explanation });
        }
    };
    for principal in world.principals() {
        let kind = match principal.kind() {
            PrincipalKind::User => HolderKind::User,
            PrincipalKind::Role => HolderKind::Role,
        };
        ask(&world.subject_of(principal), context, kind, principal.arn());
    }
    for account in world.accounts() {
        if let Ok(root) = world.subject(&account.id) {
            ask(&root, context, HolderKind::Root, root.caller.name_in_policies());
        }
        // What broke off may lack anybody.
        if account.gap.is_some() {
            let (subject, context) = anybody_of(world, &account.id, context);
            ask(&subject, &context, HolderKind::UnrecordedAccount, &account.id);
        }
    }
    for outsider in outsiders(world, action, target) {
        let (subject, context) = outsider.subject(world, context);
        ask(&subject, &context, outsider.kind, &outsider.name);
    }
    let order = |row: &WhoRow| (std::cmp::Reverse(row.explanation.answer), row.holder.kind, row.holder.name.clone());
    answers.rows.sort_by_cached_key(order);
    answers.drop_implied();
    answers
}

impl WhoCan {
    /// Where everybody can without credentials, every account can.
    fn drop_implied(&mut self) {
        let is_open = |row: &WhoRow| row.holder.kind == HolderKind::Everyone && row.explanation.answer == Answer::Yes;
        if self.rows.iter().any(is_open) {
            self.rows.retain(|row| row.holder.kind != HolderKind::EveryAccount);
        }
    }
}

/// Whether callers are allowed by the policies of their own side.
#[derive(Default)]
struct OwnSides {
    /// By account, a resource policy that leaves it all to the account.
    delegating: HashMap<Box<str>, [Arc<Prepared>; 1]>,
}

impl OwnSides {
    fn outcome(&mut self, question: &Question<'_>) -> Tri {
        let account = question.caller.account();
        let made = || {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"*"}}]}}"#
            );
            Prepared::parse(PolicyKind::Resource, "delegating", &text).ok().map(|policy| [Arc::new(policy)])
        };
        if !self.delegating.contains_key(account) {
            let Some(policy) = made() else { return Tri::Maybe };
            self.delegating.insert(account.into(), policy);
        }
        let mut own = *question;
        own.policies.resource = &self.delegating[account];
        own.policies.grants = &[];
        own.decide().allowed
    }
}

/// Somebody outside the recorded accounts whom a policy names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outsider {
    kind: HolderKind,
    name: String,
}

impl Outsider {
    fn subject<'w>(&self, world: &'w World, context: &Context) -> (Subject<'w>, Context) {
        let mut context = context.clone();
        let caller = match self.kind {
            HolderKind::Everyone => Caller::anonymous(),
            HolderKind::Service => Caller::service(&self.name),
            HolderKind::Federated => Caller::federated(&self.name),
            HolderKind::EveryAccount => {
                let caller = nobody(&mut context, NO_ACCOUNT);
                context.set_unknown("aws:PrincipalAccount").set_unknown("kms:CallerAccount");
                match world.organization() {
                    // All accounts of the organization are known, so an outsider is in none of its units.
                    Some(_) => caller.with_org(Some(OrgPlace { id: "o-another".into(), paths: Box::new([]) })),
                    None => caller,
                }
            }
            _ if is_account(&self.name) => nobody(&mut context, &self.name),
            _ if self.name.starts_with("arn:") => {
                Caller::from_arn(&self.name).unwrap_or_else(|_| nobody(&mut context, NO_ACCOUNT))
            }
            // A canonical user id: which account it is nobody recorded.
            _ => nobody(&mut context, NO_ACCOUNT).with_canonical_id(&self.name),
        };
        (Subject::of_outsider(caller), context)
    }
}

/// A principal of an account of which only the account is known.
pub(crate) fn nobody(context: &mut Context, account: &str) -> Caller {
    for key in ["aws:PrincipalArn", "aws:userid", "aws:username", "aws:PrincipalType"] {
        context.set_unknown(key);
    }
    let unnamed = format!("arn:aws:iam::{account}:role/*");
    Caller::from_arn(&unnamed).unwrap_or_else(|_| Caller::federated(&unnamed))
}

/// Somebody of an account of the organization whose principals were not recorded: its guardrails are known.
pub(crate) fn anybody_of<'w>(world: &'w World, account: &str, context: &Context) -> (Subject<'w>, Context) {
    let mut context = context.clone();
    let caller = nobody(&mut context, account);
    let mut subject = world.subject(caller.name_in_policies()).unwrap_or_else(|_| Subject::of_outsider(caller));
    let unrecorded = Prepared::unrecorded(
        PolicyKind::Identity,
        &format!("principals of account {account}"),
        haechi_iam::Unrecorded::MayAllowOrDeny,
    );
    subject.identity = Arc::new([Arc::new(unrecorded)]);
    (subject, context)
}

/// Those whom the policies of the target name and who are not in the world.
fn outsiders(world: &World, action: &Action, target: &Target<'_>) -> BTreeSet<Outsider> {
    let mut outsiders = BTreeSet::new();
    let policies = if action.service() == "sts" { &target.trust } else { &target.policy };
    for statement in policies.iter().flat_map(|policy| policy.policy().statements()) {
        if statement.effect() == Effect::Deny {
            continue;
        }
        let mut add = |kind, name: &str| outsiders.insert(Outsider { kind, name: name.to_owned() });
        if statement.principal_listing() == Some(Listing::Except) {
            add(HolderKind::Everyone, "*");
            add(HolderKind::EveryAccount, "*");
            continue;
        }
        for principal in statement.principals() {
            match (principal.kind, principal.value) {
                (Named::Bare | Named::Aws, "*") => {
                    add(HolderKind::Everyone, "*");
                    add(HolderKind::EveryAccount, "*");
                }
                (Named::Service, name) => {
                    add(HolderKind::Service, name);
                }
                (Named::Federated, name) => {
                    add(HolderKind::Federated, name);
                }
                (Named::CanonicalUser, name) => {
                    add(HolderKind::Outside, name);
                }
                (Named::Bare, _) => {}
                (Named::Aws, name) => {
                    let account = if is_account(name) { name } else { name.split(':').nth(4).unwrap_or_default() };
                    if is_account(account) && !world.knows_account(account) {
                        let whole = is_account(name) || name.ends_with(":root");
                        add(HolderKind::Outside, if whole { account } else { name });
                    }
                }
            }
        }
    }
    outsiders
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
