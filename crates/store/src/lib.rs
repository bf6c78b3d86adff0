//! The only crate with SQL: a store of items and their history, coverage, judgements, findings and
//! the decisions of people, in one SQLite file.
//!
//! The interface (time is always passed in, never read; every error says what to do):
//!
//! ```text
//! Store::open(path: &Path) -> Result<Store>              creates it; waits at most 10 s for another writer
//! Store::open_patiently(path: &Path, patience: Duration) -> Result<Store>
//! Store::open_existing(path: &Path) -> Result<Store>     StoreError::Missing when it is not there
//! Store::open_at(&Location) -> Result<Store>             a file, or postgres://user@host/database
//! Store::open_existing_at(&Location) -> Result<Store>
//! Store::open_in_memory() -> Result<Store>
//!
//! Store::begin_run(&mut self, RunInfo) -> Result<RunWriter<'_>>
//! RunWriter::id(&self) -> RunId
//! RunWriter::store(&self) -> &Store                       read while writing: sees what was put
//!   facts: each call is one transaction, kept even if the run is interrupted
//! RunWriter::put_items(&mut self, &[ConfigurationItem], recorded: Timestamp) -> Result<Vec<PutOutcome>>
//! RunWriter::finish_listing(&mut self, &Coverage, seen: &HashSet<&str>, at: Timestamp) -> Result<ListingOutcome>
//!      writes the coverage and, when complete, deletes what is not in `seen` (resource ids)
//! RunWriter::put_coverage(&mut self, &[Coverage]) -> Result<()>         never deletes
//! RunWriter::put_change_events(&mut self, &[ChangeEvent]) -> Result<u64>   who changed what; says how many are new
//! RunWriter::put_accounts(&mut self, &[Account]) -> Result<()>
//!   judgements: one transaction from the first of these calls to `commit`: all of a run's or none
//! RunWriter::put_instances(&mut self, &[RuleInstance]) -> Result<()>
//! RunWriter::put_packs(&mut self, &[PackReference]) -> Result<()>       replaces packs of the same names
//! RunWriter::put_evaluations(&mut self, &[Evaluation], at: Timestamp) -> Result<()>
//! RunWriter::remove_evaluations(&mut self, &[(InstanceId, ResourceKey)]) -> Result<u64>
//! RunWriter::keep_only_instances(&mut self, &[InstanceId]) -> Result<u64>   drops the evaluations of all others
//! RunWriter::upsert_findings(&mut self, &[Finding]) -> Result<()>
//! RunWriter::put_summary(&mut self, &serde_json::Value) -> Result<()>
//! RunWriter::commit(self, finished: Timestamp) -> Result<RunId>         dropped instead: interrupted
//!
//! Store::items_of_type(&self, &ResourceType, &ItemFilter, FnMut(ConfigurationItem, ContentHash) -> ControlFlow<()>) -> Result<()>
//! Store::resources(&self, &ItemFilter, Slice) -> Result<Vec<ResourceRow>>   a page of the list, without bodies
//! Store::count_resources(&self, &ItemFilter) -> Result<u64>
//! Store::item(&self, &ResourceKey) -> Result<Option<ConfigurationItem>>
//! Store::item_at(&self, &ResourceKey, Timestamp) -> Result<Option<ConfigurationItem>>
//! Store::item_by_name(&self, &str) -> Result<Vec<ResourceKey>>          ARN, resource id or name
//! Store::versions(&self, &ResourceKey) -> Result<Vec<Version>>          oldest first
//! Store::version_item(&self, &ResourceKey, captured: Timestamp, sequence: u64) -> Result<Option<ConfigurationItem>>
//! Store::timeline(&self, &ResourceKey, Span, Slice) -> Result<Vec<TimelineEntry>>   versions, differences, events
//! Store::find_resources(&self, AccountId, &Region, candidates: &[&str]) -> Result<Vec<ResourceKey>>   by ARN, id or name
//! Store::change_events(&self, &ResourceKey, Span) -> Result<Vec<ChangeEvent>>   oldest first
//! Store::related(&self, &ResourceKey, as_of: Option<Timestamp>) -> Result<Vec<Related>>   in both directions
//! Store::types(&self) -> Result<Vec<ResourceType>>
//! Store::resource_counts(&self) -> Result<Vec<ResourceCount>>
//! Store::accounts(&self, at: Option<Timestamp>) -> Result<Vec<Account>> none: the newest of each
//! Store::coverage(&self, RunId) -> Result<Vec<StoredCoverage>>
//! Store::latest_coverage(&self) -> Result<Vec<StoredCoverage>>          per account, region and type
//! Store::coverage_at(&self, at: Timestamp) -> Result<Vec<StoredCoverage>>   the newest word at a moment
//! Store::run(&self, RunId) -> Result<Option<Run>>
//! Store::runs(&self) -> Result<Vec<Run>>                                newest first
//! Store::previous_run(&self) -> Result<Option<Run>>                     the last committed one
//! Store::instances(&self) -> Result<Vec<RuleInstance>>
//! Store::packs(&self) -> Result<Vec<PackReference>>
//! Store::evaluations(&self, &EvaluationFilter) -> Result<Vec<StoredEvaluation>>
//! Store::each_evaluation(&self, &EvaluationFilter, FnMut(StoredEvaluation) -> ControlFlow<()>) -> Result<()>
//! Store::evaluation_counts(&self) -> Result<Vec<EvaluationCount>>
//! Store::findings(&self, &FindingFilter, at: Timestamp) -> Result<Vec<StoredFinding>>   worst first
//! Store::finding(&self, id_or_prefix: &str, at: Timestamp) -> Result<StoredFinding>
//! Store::each_finding(&self, &FindingFilter, at: Timestamp, FnMut(StoredFinding) -> ControlFlow<()>) -> Result<()>
//! Store::finding_counts(&self, &FindingFilter, at: Timestamp) -> Result<Vec<FindingCount>>
//!
//! Store::suppress(&mut self, &NewSuppression) -> Result<SuppressionId>
//! Store::unsuppress(&mut self, SuppressionId, by: &str, at: Timestamp) -> Result<()>
//! Store::suppressions(&self) -> Result<Vec<Suppression>>                lifted and expired ones too
//! Store::idle_suppressions(&self, at: Timestamp) -> Result<Vec<SuppressionId>>   those that cover nothing open
//! Store::assign(&mut self, FindingId, to: Option<&str>, by: &str, at: Timestamp) -> Result<()>
//! Store::comment(&mut self, FindingId, &Comment) -> Result<()>
//! Store::comments(&self, FindingId) -> Result<Vec<Comment>>
//! Store::attest(&mut self, &Attestation) -> Result<()>
//! Store::attestations(&self, at: Timestamp) -> Result<Vec<Attestation>> those that stand at that moment
//! Store::all_attestations(&self) -> Result<Vec<Attestation>>
//!
//! Store::scan_scopes(&self) -> Result<Vec<ScanScope>>                accounts, regions and types
//! Store::scan(&self, &Scan, ...) -> Result<Vec<T>, ScanEnd<E>>         many items on several threads
//! Store::query(&mut self, sql: &str, most: usize) -> Result<QueryAnswer>  the user's SELECT over the public views
//! Store::query_within(&mut self, sql: &str, &QueryBounds) -> Result<QueryAnswer>  as of a moment, until it is stopped
//! LogTable::new(columns, sql, LogTableBounds) -> Result<LogTable>      events of logs, for one SELECT; add, query
//! Store::public_views(&self) -> Result<Vec<PublicView>>
//! Store::keep_threats(&mut self, &KeptThreats) -> Result<u64>           merged with what is there; all or none
//! Store::threats(&self, &ThreatFilter, at: Timestamp) -> Result<Vec<StoredThreat>>   worst first
//! Store::threat(&self, id_or_prefix: &str, at: Timestamp) -> Result<StoredThreat>
//! Store::detect_state(&self) -> Result<DetectState>                     what detecting goes on from
//! Store::kept_log(&self, file: [u8; 16]) -> Result<Option<u64>>         the file was read and kept before: its events
//! Store::remove_samples(&mut self) -> Result<u64>
//! Store::position(&self, source: &str) -> Result<Option<Value>>         how far the recorder has read a source
//! Store::put_position(&mut self, source: &str, &Value, at: Timestamp) -> Result<()>
//! Store::put_plan(&mut self, &StoredPlan) -> Result<()>                 changes to AWS: plans, approvals, records
//! Store::plan(&self, id_or_prefix: &str) -> Result<StoredPlan>          also plans, plans_of_limit, set_plan_due
//! Store::approve_plan(&mut self, ContentHash, &Approval) -> Result<()>  also plan_approvals
//! Store::begin_plan_record(&mut self, ContentHash, &PlanRecord) -> Result<i64>   before a call; end_plan_record after it
//! Store::plan_records(&self, ContentHash) -> Result<Vec<PlanRecord>>
//! Store::lock_responses(&self) -> Result<ResponseLock>                  one plan is carried out at a time
//! Store::put_notices(&mut self, &[NewNotice], at: Timestamp) -> Result<u64>      kept until they are delivered
//! Store::due_notices(&self, at: Timestamp, most: usize) -> Result<Vec<StoredNotice>>
//! Store::notice_delivered | notice_failed | revive_notice               what came of it
//! Store::backup(&self, to: &Path) -> Result<()>                         a whole copy; other runs may go on
//! Store::purge(&mut self, before: Timestamp, PurgeMode, &mut dyn FnMut(PurgeStep)) -> Result<PurgeSummary>   retention
//! Store::check(&self) -> Result<Vec<String>>                            reads everything; empty when all is well
//! ```

mod bodies;
mod changes;
mod codec;
mod conditions;
mod contents;
mod database;
mod decisions;
mod error;
mod facts;
mod fault;
mod filter_expression;
mod findings;
mod glob;
mod judgements;
mod listings;
mod location;
mod lock;
mod log_table;
mod migrate_history;
mod names;
mod notices;
mod open;
mod open_postgres;
mod positions;
mod postgres;
mod purge;
mod put_items;
mod query;
mod quiet;
mod read_items;
mod records;
mod relations;
mod resources;
mod responses;
mod run;
mod scan;
mod scopes;
mod sightings;
mod threats;
mod timeline;
mod tls;
mod writer;

pub use changes::ChangeEvent;
pub use error::StoreError;
pub use filter_expression::{FilterError, FilterExpression};
pub use glob::glob_matches;
pub use location::{Location, LocationError, PostgresUrl};
pub use log_table::{LogTable, LogTableBounds, LogValue};
pub use notices::{NewNotice, NoticeState, StoredNotice};
pub use open::Store;
pub use purge::{PurgeMode, PurgeStep, PurgeSummary};
pub use query::{PublicView, QueryAnswer, QueryBounds, Stopper};
pub use records::*;
pub use relations::{Direction, Related};
pub use responses::{Approval, PlanRecord, ResponseLock, StoredPlan};
pub use run::{ListingOutcome, PutOutcome, Run, RunCounts, RunId, RunInfo, RunKind, RunState, StoredCoverage};
pub use scan::{Scan, ScanBodies, ScanColumns, ScanEnd, ScanRow, ScanScope};
pub use threats::{DetectState, KeptThreats, StoredThreat, ThreatFilter};
pub use timeline::TimelineEntry;
pub use writer::RunWriter;

/// What every call of the store gives.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
