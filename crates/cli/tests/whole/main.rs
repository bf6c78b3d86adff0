//! The whole program as a user runs it: one test binary, so that it is linked once.

mod access_rules;
mod fake_aws;
mod faults;
mod history;
mod hostile;
mod iam;
mod iam_ask;
mod iam_external;
mod iam_paths;
mod iam_policies;
mod iam_sharing;
mod live;
mod log_search;
mod logs;
mod notify;
mod org_center;
mod org_whatif;
mod organization;
mod program;
mod query;
mod recorder;
mod respond;
mod sources;
mod support;
mod threats;
