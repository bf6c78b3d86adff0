//! Access that nobody uses, as IAM Access Analyzer's unused access has it: roles, access keys and passwords by their last
//! uses, permissions by the calls of a log and IAM's service last accessed information. What record and log do not tell is
//! unknown, and never taken for unused. Facts in, findings out.

mod credentials;
mod evidence;
mod granted;
mod permissions;
mod uses;

use haechi_model::Timestamp;
use serde::Serialize;

pub use credentials::unused;
pub use evidence::{LastSeen, Source, Unseen};
pub use permissions::{Permissions, StatementUse, UnusedService, has_reports, unused_permissions};
pub use uses::{UseCounter, UseReader, Uses};

/// What is looked for, and of whom.
#[derive(Clone, Debug)]
pub struct Period {
    /// Unused for so many days: Access Analyzer's tracking period. It ends with what the record knows.
    pub days: u16,
    /// The moment of the question.
    pub now: Timestamp,
    /// Only these accounts; none: all.
    pub accounts: Vec<String>,
    pub kinds: Vec<Kind>,
    pub except_accounts: Vec<String>,
    /// Principals with one of these tags are left out; without a value: whatever it is.
    pub except_tags: Vec<(String, Option<String>)>,
}

impl Period {
    /// As with Access Analyzer.
    pub const USUAL: u16 = 90;
    pub const LONGEST: u16 = 365;

    /// Of all principals, for everything.
    pub fn new(days: u16, now: Timestamp) -> Period {
        Period {
            days,
            now,
            accounts: Vec::new(),
            kinds: Kind::ALL.to_vec(),
            except_accounts: Vec::new(),
            except_tags: Vec::new(),
        }
    }

    fn wants(&self, principal: &crate::Principal) -> bool {
        let account = principal.account();
        let is_it = |wanted: &String| wanted == account;
        let spared = || {
            principal.tags().any(|(key, value)| {
                self.except_tags
                    .iter()
                    .any(|(wanted, only)| wanted == key && only.as_deref().is_none_or(|only| only == value))
            })
        };
        (self.accounts.is_empty() || self.accounts.iter().any(is_it))
            && !self.except_accounts.iter().any(is_it)
            // Nobody but AWS can change those.
            && !principal.is_service_linked()
            && !spared()
    }

    /// When the tracking period begins that ends at a moment.
    pub fn start(&self, end: Timestamp) -> Timestamp {
        end.plus_days(-i64::from(self.days))
    }
}

/// Access Analyzer's kinds of unused access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Kind {
    #[serde(rename = "UnusedIAMRole")]
    Role,
    #[serde(rename = "UnusedIAMUserAccessKey")]
    AccessKey,
    #[serde(rename = "UnusedIAMUserPassword")]
    Password,
    #[serde(rename = "UnusedPermission")]
    Permission,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Role, Kind::AccessKey, Kind::Password, Kind::Permission];

    /// Access Analyzer's name of the finding.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Role => "UnusedIAMRole",
            Kind::AccessKey => "UnusedIAMUserAccessKey",
            Kind::Password => "UnusedIAMUserPassword",
            Kind::Permission => "UnusedPermission",
        }
    }
}

/// Whether something is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Unused,
    /// It cannot be told.
    Unknown(Unknown),
}

/// Why it cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unknown {
    /// The record has no last use, and why as far as it is known.
    NotRecorded(Box<str>),
    /// The record is older than the period is long: it tells nothing of now.
    OldRecord,
    /// It was in use a short while before the record was made; the record does not keep when exactly.
    InUseOfLate,
    /// When it was created is not recorded: it may be younger than the period.
    Creation,
    /// No log of the account was given.
    NoLogs,
    /// What the principal accessed is not recorded, and why as far as it is known.
    NoReport(Box<str>),
    /// The logs are of so many days only.
    ShortLogs(u16),
}

impl Unknown {
    pub fn name(&self) -> &'static str {
        match self {
            Unknown::NotRecorded(_) => "not-recorded",
            Unknown::OldRecord => "old-record",
            Unknown::InUseOfLate => "in-use-of-late",
            Unknown::Creation => "creation-not-recorded",
            Unknown::NoLogs => "no-logs",
            Unknown::NoReport(_) => "no-report",
            Unknown::ShortLogs(_) => "short-logs",
        }
    }
}

/// What would end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fix {
    DeleteRole,
    /// The role belongs to a permission set of IAM Identity Center.
    RemoveAssignment,
    DeactivateKey,
    DeleteKey,
    DeletePassword,
    /// Less in the policies: `iam generate` writes what was used.
    NarrowPolicies,
    NarrowPermissionSet,
}

/// A role or credential that nobody uses, or of which that cannot be told.
#[derive(Clone, Debug)]
pub struct Finding<'w> {
    pub kind: Kind,
    pub verdict: Verdict,
    pub principal: &'w crate::Principal,
    /// Of a key.
    pub key: Option<&'w crate::AccessKey>,
    pub created: Option<Timestamp>,
    /// None: never within AWS's tracking.
    pub last_accessed: Option<Timestamp>,
    /// The end of the tracking period: what the record knows.
    pub known_at: Timestamp,
    pub fix: Fix,
    /// Of unused permissions.
    pub permissions: Option<Box<Permissions<'w>>>,
}
