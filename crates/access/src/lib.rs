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
//! sharing::may(&world, &goods, good, account_or_arn, Purpose::Launch)?     may another account launch, copy, decrypt: each leg
//! sharing::shared_with_others(..), sharing::trusts(&world, &accounts)       what is shared; who of elsewhere assumes roles
//! what_can(&world, &subject, &actions, target, &context, guardrails) -> WhatCan
//!
//! let whatif = whatif::WhatIf::new(&world, changes)?;      the organization changed: accounts(), access_changes(&catalogue)
//! let replay = whatif::Replay::new(&whatif, &catalogue, &rules)?;     the calls of a log, asked again:
//! let mut one = replay.start(); one.take(&event); one.finish() -> Tally    one a thread, read with replay.fields()
//!
//! unused::unused(&world, &Period::new(days, now)) -> Vec<unused::Finding>       roles, keys, passwords of no use
//! let reader = unused::UseReader::new(&world, &catalogue, &rules)?; start(), take(&event), finish() -> Uses
//! unused::unused_permissions(&world, &catalogue, &unlogged, Some(&uses), &period, &others) -> Vec<unused::Finding>
//! let generator = generate::Generator::new(..., PrincipalName::of(arn)?, partition)?; start(), take(&event), finish()
//! generate::generate(&generator, &gathered, Resources::Patterns) -> Generated   the policies of what was used
//! ```

mod answers;
mod ask;
mod calls;
pub mod center;
pub mod external;
pub mod generate;
pub mod org_policies;
pub mod paths;
pub mod sharing;
pub mod unused;
pub mod whatif;
mod world;

pub use answers::{Answers, AnswersBuilder, Asking, QUESTIONS};
pub use ask::{
    Answer, ConditionText, Explanation, Holder, HolderKind, Reason, WhatCan, WhatRow, WhoCan, WhoRow, what_can, who_can,
};

pub use calls::PrincipalName;
pub use world::{
    AccessKey, Accessed, Account, Attachment, Documents, Enabled, Gap, GapKind, Guardrails, LastUse, Node, NodeKind,
    OrgPolicy, OrgPolicyType, Organization, OrganizationError, PolicySet, Principal, PrincipalKind, RecordedResource,
    ServiceAccess, Subject, Target, Usage, Used, Via, World, WorldBuilder,
};
