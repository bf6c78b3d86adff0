//! Changes to AWS that people decide about: a plan of exact calls, an approval, an apply with what was before and
//! after, an undo. What a playbook does is data (content/playbooks); nothing here knows whether it answers a threat
//! or puts a misconfiguration right.

mod check;
mod conduct;
mod examples;
mod expression;
mod functions;
mod journal;
mod library;
mod notice;
mod permissions;
mod plan;
mod playbook;
mod template;
mod value;

pub use conduct::{Conduct, Force, Stopped, USUAL_PAUSES, apply, undo};
pub use examples::{ExampleFailure, check_examples};
pub use expression::Expression;
pub use journal::{Deed, Journal, JournalError, Outcome, Phase, Record, last};
pub use library::Library;
pub use notice::{Courier, Destination, DestinationError, Patience, Undelivered};
pub use permissions::policy;
pub use plan::{Cause, Plan, PlanError, PlannedCall, PlannedStep, PlannedUndo, Request, Standing, plan};
pub use playbook::{Change, InOrder, Input, InputType, Operation, Playbook, Read, Step};
pub use value::{Known, Missing, Scope};
