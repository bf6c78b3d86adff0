//! IAM Identity Center: people, groups, permission sets, assignments and attributes joined to the recorded
//! organization, and the questions on it: what somebody has in every account, who may do something in one account,
//! which assignments a wish comes to, and what a review finds.
//!
//! ```text
//! let mut builder = Directory::builder();                  items of DirectoryBuilder::types(): builder.add(&item)
//! let directory = builder.build();
//! let center = Center::new(&world, &directory, &documents);
//! let user = directory.find_user("mina@example.com")?;
//! for seat in center.seats(user) {                         account, permission set, by which groups
//!     let session = center.session(user, &seat)?;          the caller with its policies, tags and SCPs
//!     levels.of(&session)                                  administrator, power, writes, reads; what is taken away
//!     world.question(&session.subject, ...)                any question of the evaluator
//! }
//! DesiredState::read(name, text)?.expand(&world, &directory)?.plan(&world, &directory, Unwanted::Stay) -> Plan
//! review(&center, &mut levels, &ReviewOptions { .. }) -> Review
//! ```

mod attributes;
mod desired;
mod directory;
mod drift;
mod level;
mod mfa;
mod reading;
mod review;
mod session;

pub use attributes::Attribute;
pub use desired::{AssignmentCall, DesiredState, Expansion, Plan, Planned, Unwanted};
pub use directory::{
    AccessControlAttributes, Assignee, Assignment, BoundaryReference, Directory, Instance, PermissionSet,
    PolicyReference, Unfound, Unlisted, User, UserGroup, UserStatus, minutes,
};
pub use drift::Drift;
pub use level::{Level, Levels, Reach, Taken};
pub use mfa::{IdentitySource, MfaPrompt, MfaStatement, MfaType, WithoutDevice};
pub use reading::DirectoryBuilder;
pub use review::{Check, Concern, NotLooked, Review, ReviewOptions, SetUsage, review};
pub use session::{Center, Provisioned, Seat, Session, set_of_role};
