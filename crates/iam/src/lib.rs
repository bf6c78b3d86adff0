//! AWS policies as facts: parse them with positions, answer what they grant, to whom, and whether that is the
//! public, and decide requests as AWS does over all policies that bear on them. A pure engine: no clock, file, network or async; text in, judgements out.
//!
//! The interface in one look (every function is documented where it lives):
//!
//! ```text
//! Policy::parse(text: &str) -> Result<Policy, PolicyError>          one JSON document
//! Policy::parse_any(text: &str) -> Result<Policy, PolicyError>      also URL-encoded, JSON in a JSON string, {"policyText": ...}
//! policy.version() / id() / statements() / statement(index)         Statement<'_>: index, sid, span, effect, principals, actions,
//!                                                                   resources, conditions, to_json
//! policy.to_json() -> String                                        canonical print; parses back to the same policy
//! policy.position(offset) -> Position {line, column}                1-based; columns count characters
//!
//! policy.is_public(&PublicContext) -> PublicVerdict                 AWS's definition of "public", by resource kind
//! policy.public_statements(kind: ResourceKind, actions: &[&str]) -> Vec<PublicStatement>
//! policy.grants_admin() -> Vec<StatementMatch>                      Allow, Action *, Resource *
//! policy.full_access_statements() -> Vec<StatementMatch>            Allow, Action service:*
//! policy.allows(action: &str) -> Vec<StatementMatch>                Allow statements that grant it on every resource
//! policy.statements_allowing(actions: &[&str], scope: ResourceScope<'_>) -> Vec<StatementMatch>
//! policy.requires_secure_transport(bucket_arn: &str) -> bool
//! policy.trusts_everyone() -> Vec<PublicStatement>                  role trust policies
//! policy.trusted_accounts() -> Vec<&str>                            sorted, unique 12-digit ids
//! policy.trusted_services() -> Vec<&str>
//!
//! Policy::parse_tolerant(text) -> Result<(Policy, Vec<Fault>), _>   statements that AWS would refuse become faults
//! Prepared::parse(PolicyKind, name, text) -> Result<Prepared, _>    once; share it as Arc<Prepared>
//! Prepared::parse_any(..) as AWS hands it out; Prepared::unrecorded(kind, name, Unrecorded) a policy nobody has the text of
//! Caller::from_arn(arn)? / anonymous() / service(name) / federated(provider), then .with_tags / .with_org / .with_role ...
//! Action::parse("s3:GetObject")?, Resource::new(arn).in_account(id) / Resource::any_of(pattern)
//! catalogue.asked("s3:GetObject")? the same, with what the table knows: only `*` in Resource reaches some actions
//! Context::new() (keys not told are absent) / Context::open() (they may be anything), .set(key, value), .set_all(key, values),
//!     .tell(&catalogue, key, values) by the table: one value, or a set
//! Question { caller, action, resource, context, policies: Policies { scps, rcps, identity, resource, ..Default::default() } }
//! question.decide() -> Outcome { allowed: Tri, denied: Tri }, .verdict()      allocates nothing
//! question.decide_openly() -> Outcome                                         what could be, with any values of untold keys
//! question.explain() -> Decision { verdict, conditional, layers, because, maybe, missing, unknown, unrecorded, rule }
//!
//! sets::outsiders(&policies, &Zone) -> who of outside differs to them; sets::accesses(&Scope, &Asker, &policies, &rcps)
//! sets::difference(&Scope, &Asker, &newer, &older)                            exact, each with a request as its witness
//!
//! pattern::matches_action(pattern, action) / matches_resource / contains / overlaps
//!
//! Catalogue::read(content/iam/actions.txt)?                         services, actions, resource types, condition keys
//! catalogue.action("s3:GetObject"), .expand("s3:Put*"), .service("s3"), .condition_key("s3:prefix")
//! EventRules::read(content/iam/events.txt)?                         what an event of CloudTrail asked for
//! rules.action(&catalogue, source, name, &fields) -> EventAction    Known, Several, OneOf, NoPermission, Unknown
//! rules.resource(action, &fields) -> EventResource                  Everything, Arn, Unknown
//! lint::Linter::new(&catalogue).check(text, kind, resource)         AWS's policy validation: findings by AWS's codes
//!
//! acl::Acl::parse(text: &str) -> Result<Acl, AclError>              AWS Config's or the S3 API's shape
//! acl::Acl::from_value(&serde_json::Value) -> Result<Acl, AclError>
//! acl.public_grants(permissions: &[&str]) -> Vec<&Grant>            AllUsers and AuthenticatedUsers; empty list = any permission
//!
//! PolicyError: kind() (id(), arguments() for translation), span(), position(), help(), render(name) with a caret
//! PublicStatement { index, sid, span, actions, action_listing, principals, reason: PublicReason }      Serialize
//! StatementMatch { index, sid, span, actions, action_listing, resources }                              Serialize
//! PublicContext { kind: ResourceKind, actions: &[&str] }
//! PublicVerdict::{NotPublic, Public(Vec<PublicStatement>)}, is_public()
//! ResourceKind::{S3Bucket, S3AccessPoint, LambdaFunction, SqsQueue, SnsTopic, KmsKey, Role, Other}
//! ResourceScope::{Any, Everything, AllKmsKeys, Arn(&str)}
//! ```

mod batch;
mod caller;
mod condition;
mod context;
mod decode;
mod error;
mod evaluate;
mod explain;
mod fault;
mod fixed;
mod glob;
mod grants;
mod key;
mod kms_grant;
mod naming;
mod operator;
mod parse;
mod pins;
mod policy;
mod position;
mod prepare;
mod print;
mod public;
mod question;
mod rcp_services;
mod reader;
mod resource;
mod template;
mod tri;
mod value;

pub mod acl;
pub mod catalogue;
pub mod lint;
pub mod pattern;
pub mod sets;

pub use batch::{BatchError, BatchQuestion, MAX_QUESTION_BYTES, PolicyCache};
pub use caller::{Caller, CallerError, CallerKind, OrgPlace, Standing, Tags};
pub use catalogue::{Catalogue, EventRules};
pub use context::{Completeness, Context, Fact};
pub use error::{PolicyError, PolicyErrorKind};
pub use evaluate::{Exemption, Layer, Outcome, Verdict};
pub use explain::{Because, Decision, LayerEffect, LayerVerdict, Missing};
pub use fault::{Fault, FaultKind};
pub use fixed::FixedRule;
pub use grants::{ResourceScope, StatementMatch};
pub use kms_grant::{GrantConstraint, KmsGrant};
pub use operator::{Comparison, Operator, Polarity, Quantifier, WhenAbsent};
pub use parse::MAX_DOCUMENT_BYTES;
pub use policy::{Condition, Effect, Listing, Policy, Principal, PrincipalKind, Statement, Values, Version};
pub use position::{Position, Span};
pub use prepare::{PolicyKind, Prepared, Unrecorded};
pub use print::indented;
pub use public::{PublicContext, PublicReason, PublicStatement, PublicVerdict, ResourceKind};
pub use question::{BucketAccess, Level, Policies, Question};
pub use rcp_services::{RCP_SERVICES, supports_rcps};
pub use resource::{Action, ActionError, Resource};
pub use tri::Tri;
