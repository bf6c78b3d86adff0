//! `haechi org access review`: what somebody should look at, with why and what to do.

use std::collections::BTreeSet;
use std::path::PathBuf;

use haechi_access::center::{
    Center, Check, Concern, Levels, MfaStatement, NotLooked, Review, ReviewOptions, SetUsage, minutes, review,
};
use haechi_inventory::Stop;
use haechi_logs::{Event, LogFields};
use haechi_model::event::{Fields, Slot};
use haechi_model::{Log, Message, Severity};
use haechi_report::{Cell, Column, Fit, Table};

use super::super::threads::{self, Counter};
use super::{account_name, cautions, documents, read_text};
use crate::App;
use crate::error::{Result, UserError};
use crate::log_sources::LogRequest;
use crate::progress::Progress;

/// The longest list of staff, and the longest statement.
const MOST_BYTES: u64 = 64 << 20;
/// As long as AWS makes sessions unless it is told otherwise.
pub const ADMINISTRATOR_SESSION: &str = "PT1H";

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct AccessReviewRequest {
    /// A CSV file with the user names or addresses of those who work here.
    pub users: Option<PathBuf>,
    /// What somebody states of the MFA settings.
    pub mfa: Option<PathBuf>,
    /// The longest session of administrators that is fine, such as `PT1H`; empty: as long as AWS makes it by itself.
    pub administrator_session: String,
    /// CloudTrail's logs; no source: use is not looked at.
    pub logs: LogRequest,
    pub as_of: Option<String>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct AccessReview {
    pub table: Table,
    /// What was not looked at, and what the record lacks.
    pub cautions: Vec<Message>,
    pub worst: Option<Severity>,
    /// Some log could not be read.
    pub incomplete: bool,
    pub interrupted: bool,
}

impl App {
    /// Reviews permission sets, assignments, people and how they sign in.
    ///
    /// # Errors
    /// A file cannot be read; nothing is recorded of IAM Identity Center.
    pub async fn access_review(
        &self,
        request: &AccessReviewRequest,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<AccessReview> {
        let longest = match &*request.administrator_session {
            "" => ADMINISTRATOR_SESSION,
            given => given,
        };
        let administrator_minutes = minutes(longest)
            .ok_or_else(|| UserError::said("center-duration").arg("word", longest).help("advice-center-duration"))?;
        let staff = request.users.as_ref().map(|path| read_text(path, MOST_BYTES)).transpose()?;
        let staff = staff.map(|text| names_in(&text));
        let mfa = request.mfa.as_ref().map(|path| read_mfa(path)).transpose()?;
        let recorded = self.people(request.as_of.as_deref())?;
        let mut cautions = cautions(&recorded);
        let (mut incomplete, mut interrupted) = (false, false);
        let usage = if request.logs.sources.is_empty() {
            None
        } else {
            let counted = self.set_usage(&request.logs, progress, stop).await?;
            incomplete = !counted.summary.problems.is_empty() || !counted.opened.problems.is_empty();
            interrupted = counted.opened.interrupted;
            let mut usage = SetUsage::default();
            for counter in counted.counters {
                usage.merge(counter.usage);
            }
            if let Some(first) = usage.first() {
                let message = Message::new("center-logs").with("since", first.to_string());
                cautions.push(message.with("accounts", usage.accounts()).with("events", counted.summary.events));
            }
            Some(usage)
        };
        let center = Center::new(&recorded.world, &recorded.directory, &documents);
        let mut levels = Levels::new(&recorded.world, &self.iam_catalogue()?);
        let today = self.now().date();
        let options = ReviewOptions {
            staff: staff.as_ref(),
            administrator_minutes,
            usage: usage.as_ref(),
            mfa: mfa.as_ref(),
            today: &today,
        };
        let found = review(&center, &mut levels, &options);
        cautions.extend(found.not_looked.iter().map(|what| not_looked(*what)));
        cautions.extend(super::super::world::cautions(&recorded.world));
        Ok(AccessReview {
            table: table(&found, &recorded.world, longest),
            cautions,
            worst: found.concerns.iter().map(|one| one.check.severity()).max(),
            incomplete,
            interrupted,
        })
    }

    async fn set_usage(
        &self,
        logs: &LogRequest,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<threads::Counted<UsageCounter>> {
        let (own, slots) = usage_fields().map_err(UserError::verbatim)?;
        let mut fields = LogFields::default();
        fields.take(Log::CloudTrail, own);
        let sources = self.log_sources(logs).await?;
        let counter = || UsageCounter { slots, usage: SetUsage::default() };
        threads::count(&sources, &fields, counter, progress, stop).await
    }
}

/// Where events tell of sessions.
#[derive(Clone, Copy)]
struct UsageSlots {
    caller: Slot,
    assumed: Slot,
    federated_role: Slot,
    federated_account: Slot,
    user: Slot,
}

fn usage_fields() -> std::result::Result<(Fields, UsageSlots), haechi_model::event::FieldError> {
    let mut fields = Fields::of_events([])?;
    let slots = UsageSlots {
        caller: fields.add("userIdentity.arn")?,
        assumed: fields.add("responseElements.assumedRoleUser.arn")?,
        // The access portal's own events stand in the account of the instance, and name the account and role.
        federated_role: fields.add("serviceEventDetails.role_name")?,
        federated_account: fields.add("serviceEventDetails.account_id")?,
        user: fields.add("userIdentity.userName")?,
    };
    Ok((fields, slots))
}

/// Which sessions of permission sets one thread has seen.
struct UsageCounter {
    slots: UsageSlots,
    usage: SetUsage,
}

impl Counter for UsageCounter {
    fn take(&mut self, event: &Event<'_>) {
        if event.log() != Log::CloudTrail {
            return;
        }
        let at = event.time();
        if let Some(account) = event.account() {
            self.usage.event(account, at);
        }
        for slot in [self.slots.caller, self.slots.assumed] {
            if let Some(arn) = event.text(slot).filter(|arn| arn.contains("AWSReservedSSO_")) {
                self.usage.session(&arn, at);
            }
        }
        if let (Some(role), Some(account)) = (
            event.text(self.slots.federated_role),
            event.value(self.slots.federated_account).and_then(|value| value.scalar()),
        ) {
            let user = event.text(self.slots.user).unwrap_or_default();
            self.usage.role(&account, &role, &user, at);
        }
    }
}

/// Every cell of a CSV file: which column has the names is not asked.
fn names_in(text: &str) -> BTreeSet<String> {
    let cells = text.trim_start_matches('\u{feff}').split(['\n', '\r', ',', ';', '\t']);
    let bare = cells.map(|cell| cell.trim().trim_matches('"').trim().to_lowercase());
    bare.filter(|cell| !cell.is_empty()).collect()
}

fn read_mfa(path: &std::path::Path) -> Result<MfaStatement> {
    let text = read_text(path, 1 << 20)?;
    let malformed =
        |problem: haechi_content::Diagnostic| UserError::verbatim(problem.to_string().trim_start_matches("error: "));
    MfaStatement::read(&path.display().to_string(), &text).map_err(malformed)
}

fn not_looked(what: NotLooked) -> Message {
    Message::new(match what {
        NotLooked::Staff => "center-not-looked-staff",
        NotLooked::Use => "center-not-looked-use",
        NotLooked::Orphans => "center-not-looked-orphans",
        NotLooked::UserStatus => "center-not-looked-status",
        NotLooked::Provisioning => "center-not-looked-provisioning",
    })
}

fn table(found: &Review, world: &haechi_access::World, longest: &str) -> Table {
    let [sets, assignments, users, groups] = found.looked;
    let rows = found.concerns.iter().map(|one| {
        let (why, fix) = words(one.check);
        let why =
            if one.check == Check::MfaNotTold && !one.what.is_empty() { "center-why-mfa-not-told-all" } else { why };
        let told = |id: &str| {
            let message = Message::new(id)
                .with("account", place(world, &one.account))
                .with("what", &*one.what)
                .with("longest", longest);
            // Of several differences the first has a word, the others are counted.
            let differences: Vec<&str> = one.what.split(", ").collect();
            let message = message.with("first", differences[0]).with("others", differences.len() - 1);
            // What counts accounts.
            match one.what.parse::<u32>() {
                Ok(count) => message.with("count", count),
                Err(_) => message,
            }
        };
        vec![
            Cell::Severity(one.check.severity()),
            Cell::Text(one.check.id().to_owned()),
            Cell::Text(one.name.clone()),
            Cell::Message(told(why)),
            Cell::Message(told(fix)),
            Cell::Text(one.account.clone()),
            Cell::Text(account_name(world, &one.account).to_owned()),
            Cell::Text(one.subject.clone()),
            Cell::Text(one.what.clone()),
        ]
    });
    Table {
        columns: vec![
            Column::new("severity", "column-severity", Fit::Whole),
            Column::named("check".to_owned(), Fit::Machine),
            Column::new("name", "center-column-subject", Fit::Middle),
            Column::new("why", "center-column-why", Fit::Wrap),
            Column::named("fix".to_owned(), Fit::Machine),
            Column::named("account".to_owned(), Fit::Machine),
            Column::named("accountName".to_owned(), Fit::Machine),
            Column::named("subject".to_owned(), Fit::Machine),
            Column::named("what".to_owned(), Fit::Machine),
        ],
        rows: rows.collect(),
        empty: Message::new("center-review-none"),
        notes: fixes(found)
            .into_iter()
            .chain([Message::new("center-review-counts")
                .with("concerns", found.concerns.len())
                .with("sets", sets)
                .with("assignments", assignments)
                .with("users", users)
                .with("groups", groups)])
            .collect(),
    }
}

/// What to do, each kind once.
fn fixes(found: &Review) -> Vec<Message> {
    let mut checks: Vec<Check> = found.concerns.iter().map(|one: &Concern| one.check).collect();
    checks.dedup();
    checks.into_iter().map(|check| Message::new(words(check).1)).collect()
}

fn place(world: &haechi_access::World, account: &str) -> String {
    match account_name(world, account) {
        "" => account.to_owned(),
        name => format!("{name} ({account})"),
    }
}

/// Why, and what to do.
const fn words(check: Check) -> (&'static str, &'static str) {
    match check {
        Check::LeaverNotListed => ("center-why-leaver-not-listed", "center-fix-leaver-not-listed"),
        Check::LeaverDisabled => ("center-why-leaver-disabled", "center-fix-leaver-disabled"),
        Check::OrphanAssignment => ("center-why-orphan", "center-fix-orphan"),
        Check::ManagementAccount => ("center-why-management", "center-fix-management"),
        Check::LongAdminSession => ("center-why-long-session", "center-fix-long-session"),
        Check::FullAdmin => ("center-why-full-administrator", "center-fix-full-administrator"),
        Check::OutdatedRole => ("center-why-outdated", "center-fix-outdated"),
        Check::DirectUser => ("center-why-direct", "center-fix-direct"),
        Check::NoBoundary => ("center-why-no-boundary", "center-fix-no-boundary"),
        Check::UnusedSet => ("center-why-unassigned", "center-fix-unassigned"),
        Check::EmptyGroup => ("center-why-empty-group", "center-fix-empty-group"),
        Check::UnseenSet => ("center-why-unseen-set", "center-fix-unseen-set"),
        Check::UnseenAssignment => ("center-why-unseen-assignment", "center-fix-unseen-assignment"),
        Check::MfaNever => ("center-why-mfa-never", "center-fix-mfa-never"),
        Check::MfaDeviceAllow => ("center-why-mfa-device", "center-fix-mfa-device"),
        Check::MfaContextAware => ("center-why-mfa-context", "center-fix-mfa-context"),
        Check::MfaSourceDiffers => ("center-why-mfa-source", "center-fix-mfa-source"),
        Check::MfaEmailCode => ("center-why-mfa-email", "center-fix-mfa-email"),
        Check::MfaNoSecurityKeys => ("center-why-mfa-keys", "center-fix-mfa-keys"),
        Check::MfaOld => ("center-why-mfa-old", "center-fix-mfa-old"),
        Check::MfaNotTold => ("center-why-mfa-not-told", "center-fix-mfa-not-told"),
        Check::MfaExternal => ("center-why-mfa-external", "center-fix-mfa-external"),
    }
}
