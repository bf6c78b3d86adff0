//! Questions to the IAM engine: who may do what.

mod actions;
mod answer;
mod ask;
mod center;
mod check;
mod external;
mod generate;
mod lint;
mod org_policies;
mod paths;
mod recorded;
mod request;
mod sharing;
mod sharing_report;
mod simulate;
mod threads;
mod unused;
mod whatif;
mod whatif_report;
mod words;
mod world;

pub use actions::ActionsRequest;
pub use ask::{AccessAnswers, WhatCanRequest, WhoCanRequest};
pub use center::{AccessReview, AccessReviewRequest, AssignmentsPlan, AssignmentsRequest, OrgAccess, OrgAccessRequest};
pub use check::{PolicyCheck, PolicyCheckAnswer, PolicyCheckRequest};
pub use external::{ExternalAnswers, ExternalRequest};
pub use generate::{GenerateRequest, GeneratedPolicy};
pub use lint::{LintAnswer, LintRequest};
pub use org_policies::OrgPolicies;
pub use paths::{EscalationPaths, PathsRequest};
pub use recorded::{AccessDecision, AccessRequest};
pub use request::AccessScope;
pub use sharing::{SharingAnswers, SharingRequest};
pub use simulate::{Answers, BatchSummary};
pub use unused::{UnusedAccess, UnusedRequest};
pub use whatif::{OrgChange, WhatIfAnswer, WhatIfRequest};
