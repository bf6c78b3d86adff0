//! Joins the recorded items of an organization into who may do what: a pure engine over the policy evaluator.
//! Items in, answers out; no clock, store, file or network.
//!
//! ```text
//! let mut builder = World::builder();
//! builder.add(&item) ...                                   items in any order (WorldBuilder::types())
//! builder.not_listed(account, type, reason)                what a run could not read
//! let world = builder.build()?;                            a circle or missing parent in the organization: an error
//!
//! world.organization() -> &Organization                    tree, policies, scps_of(account), rcps_of(account), path(id);
//!                                                          attach / detach / replace_policy / move_account on a clone,
//! world.with_organization(changed) -> World                then: everything else is shared
//! world.accounts() / account(id) / principals() / principal(arn) / resource(arn) / gaps()
//! world.subject("arn:..." | account id | service | "*")?   who asks: caller, identity, boundary, SCPs
//! world.target(arn, account)                               what is asked for: owner, policy, trust, RCPs, grants
//! world.question(&subject, &action, &target, &context, Guardrails::Counted)   a haechi_iam::Question: decide, explain
//! who_can(&world, &action, &target, &Context::open(), guardrails) -> WhoCan    yes, conditional, undecidable; no is left out
//! external::external(&world, &shares, &catalogue, &question)   who outside the zone of trust reaches what, each with an
//!                                                           example request
//! what_can(&world, &subject, &actions, target, &context, guardrails) -> WhatCan
//!
//! let whatif = whatif::WhatIf::new(&world, changes)?;      the organization changed: accounts(), access_changes(&catalogue)
//! let replay = whatif::Replay::new(&whatif, &catalogue, &rules)?;     the calls of a log, asked again:
//! let mut one = replay.start(); one.take(&event); one.finish() -> Tally    one a thread, read with replay.fields()
//!
//! unused::unused(&world, &unused::Period { days, .. }) -> Vec<unused::Finding>     roles, keys, passwords of no use
//! ```

mod answers;
mod ask;
pub mod center;
pub mod external;
pub mod org_policies;
pub mod paths;
pub mod unused;
pub mod whatif;
mod world;

pub use answers::{Answers, AnswersBuilder, Asking, QUESTIONS};
pub use ask::{
    Answer, ConditionText, Explanation, Holder, HolderKind, Reason, WhatCan, WhatRow, WhoCan, WhoRow, what_can, who_can,
};

pub use world::{
    AccessKey, Account, Attachment, Documents, Enabled, Gap, GapKind, Guardrails, LastUse, Node, NodeKind, OrgPolicy,
    OrgPolicyType, Organization, OrganizationError, PolicySet, Principal, PrincipalKind, RecordedResource, Subject,
    Target, Usage, Used, Via, World, WorldBuilder,
};
