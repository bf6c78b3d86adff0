//! The use cases that the command line (and later the server and the scheduler) share.
//!
//! This crate decides what happens in which order; it knows no terminal and no argument parser. The
//! clock is read through [`App`], once a command.

mod assess;
mod attest;
mod catalogue;
mod clock;
mod detect;
mod detection_examples;
mod detections;
mod doctor;
mod error;
mod example_logs;
mod exit;
mod feeds;
mod findings;
mod follow;
mod iam;
mod intel;
mod investigate;
mod judge;
mod live;
mod log_coverage;
mod log_coverage_report;
mod log_objects;
mod log_search;
mod log_sieve;
mod log_sources;
mod log_verify;
mod log_verify_report;
mod log_verify_source;
mod log_who;
mod looking;
mod moment;
mod notify;
mod org;
mod org_doctor;
mod org_setup;
mod org_tree;
mod packs;
mod progress;
mod purge;
mod query;
mod record;
mod report_of;
mod resources;
mod respond;
mod respond_records;
mod respond_run;
mod respond_tables;
mod rulebook;
mod selection;
mod session_policy;
mod settings;
mod shell;
mod sink;
mod sources;
mod store_error;
mod threats;
mod watch;
mod watch_logs;
mod who_changed;
mod write;

use std::path::PathBuf;

use haechi_content::{Content, Language};
use haechi_model::Timestamp;
use haechi_store::{Location, Store};

use store_error::{in_store, store_error};

pub use assess::{AssessRequest, Assessment, Since};
pub use attest::AttestRequest;
pub use catalogue::{ContentCheck, check_content};
pub use detect::{DetectRequest, Detected};
pub use detection_examples::{DetectionsCheck, ExampleOutcome, ExampleRun, check_detection_files, check_detections};
pub use doctor::{DoctorRequest, audit_policy};
pub use error::{Result, UserError};
pub use exit::{Exit, FailOn};
pub use findings::SuppressRequest;
pub use haechi_access::generate::Resources as GenerateResources;
pub use haechi_iam::lint::{CheckClass, LintKind, RESOURCE_KINDS, ResourceKindLimits};
pub use haechi_inventory::{LastAccessed, Secrets, Stop};
pub use haechi_respond::{Force, Phase};
pub use haechi_store::{LogTableBounds, PurgeMode};
pub use iam::{
    AccessAnswers, AccessDecision, AccessRequest, AccessScope, ActionsRequest, Answers, BatchSummary, EscalationPaths,
    ExternalAnswers, ExternalRequest, LintAnswer, LintRequest, OrgChange, OrgPolicies, PathsRequest, PolicyCheck,
    PolicyCheckAnswer, PolicyCheckRequest, WhatCanRequest, WhatIfAnswer, WhatIfRequest, WhoCanRequest,
};
pub use iam::{AccessReview, AccessReviewRequest, AssignmentsPlan, AssignmentsRequest, OrgAccess, OrgAccessRequest};
pub use iam::{GenerateRequest, GeneratedPolicy, UnusedAccess, UnusedRequest};
pub use iam::{SharingAnswers, SharingRequest};
pub use intel::IntelRequest;
pub use investigate::{InvestigateRequest, Investigated};
pub use live::{LiveRequest, Resume, USUAL_ROLE, Whole};
pub use log_coverage::{Coverage, CoverageRequest};
pub use log_search::{SearchOrder, SearchRequest, SearchSql, SearchWords, Searched};
pub use log_sources::{LogInput, LogRequest, LogSources, LogsOpened};
pub use log_verify::{Verification, VerifyRequest};
pub use log_who::WhoRequest;
pub use notify::{Least, Notified, NotifySettings};
pub use org_setup::{OrgSetup, org_template};
pub use packs::PackCheck;
pub use progress::{Collecting, Progress, Silent, Step};
pub use purge::Keep;
pub use query::{QueryLanguage, QueryOutcome, QueryRequest, QueryWarning};
pub use record::{AfterRecording, RecordRequest, Recorded};
pub use resources::{Comparison, Deleted, ResourceQuery, ResourceWord};
pub use respond::{ActAs, PlanView, RespondRequest};
pub use respond_run::{Conducted, GoOn, Hand};
pub use respond_tables::plan_list;
pub use selection::Selection;
pub use settings::SettingsFile;
pub use watch::{PassLine, WatchRequest};
pub use write::write_whole;

/// What an [`App`] is opened with.
pub struct Options {
    pub store: PathBuf,
    pub content: Option<PathBuf>,
    pub settings: SettingsFile,
    pub language: Language,
    pub version: &'static str,
    pub clock: fn() -> Timestamp,
}

/// Content, settings and the place of the store: everything that commands share.
pub struct App {
    content: Content,
    /// The user's own content, for those who read more of it than [`Content`] does.
    content_folder: Option<PathBuf>,
    /// Where the store is, as it is shown: without a password.
    store: PathBuf,
    location: Location,
    settings: SettingsFile,
    language: Language,
    version: &'static str,
    clock: fn() -> Timestamp,
    /// What detections are at work, once it is known.
    at_work: std::sync::OnceLock<std::sync::Arc<detect::AtWork>>,
}

/// One page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows a page; 0 means all of them.
    pub limit: usize,
    /// From 1.
    pub page: usize,
}

impl Page {
    /// The rows of this page, and how many there are in all.
    pub fn of<T>(self, rows: Vec<T>) -> (Vec<T>, usize) {
        let total = rows.len();
        if self.limit == 0 {
            return (rows, total);
        }
        let from = self.page.max(1).saturating_sub(1).saturating_mul(self.limit);
        (rows.into_iter().skip(from).take(self.limit).collect(), total)
    }
}

impl App {
    /// Loads the content. Content of the user's own that is wrong is an error, not a silent loss.
    pub fn open(options: Options) -> Result<Self> {
        let content = match &options.content {
            Some(folder) => Content::load_dir(folder),
            None => Content::embedded(),
        };
        if let Some(problem) = content.problems().first() {
            let more = content.problems().len() - 1;
            let told = problem.to_string();
            let error = UserError::said("error-content").because(told.strip_prefix("error: ").unwrap_or(&told));
            return Err(match (more, &options.content) {
                (0, Some(folder)) => error.help("advice-content-test").arg("path", folder.display()),
                (_, Some(folder)) => {
                    error.help("advice-content-test-more").arg("more", more).arg("path", folder.display())
                }
                (_, None) => error.help("advice-report-bug"),
            });
        }
        let location = match options.store.to_str() {
            Some(text) => Location::parse(text)
                .map_err(|error| UserError::said("error-flag").arg("flag", "store").arg("text", error))?,
            None => Location::File(options.store),
        };
        Ok(Self {
            content,
            content_folder: options.content,
            store: location.to_string().into(),
            location,
            settings: options.settings,
            language: options.language,
            version: options.version,
            clock: options.clock,
            at_work: std::sync::OnceLock::new(),
        })
    }

    pub fn content(&self) -> &Content {
        &self.content
    }

    pub fn settings(&self) -> &SettingsFile {
        &self.settings
    }

    pub fn language(&self) -> Language {
        self.language
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Beside what the lock of a recorder lies: the store's file, or a place of this machine for a database.
    fn lock_place(&self) -> PathBuf {
        match &self.location {
            Location::File(path) => path.clone(),
            Location::Postgres(_) => {
                let name = haechi_model::ContentHash::of(self.store.to_string_lossy().as_bytes());
                std::env::temp_dir().join(format!("haechi-{name}"))
            }
        }
    }

    /// The store, made when it is not there yet.
    fn writable_store(&self) -> Result<Store> {
        Store::open_at(&self.location).map_err(|error| store_error(&error, &self.store))
    }

    /// The store, unless nothing was ever written to it.
    fn store_if_there(&self) -> Result<Option<Store>> {
        match &self.location {
            Location::File(path) if !path.exists() => Ok(None),
            _ => self.existing_store().map(Some),
        }
    }

    /// The store, which must be there.
    fn existing_store(&self) -> Result<Store> {
        Store::open_existing_at(&self.location).map_err(|error| store_error(&error, &self.store))
    }
}
