//! `haechi org access`: what somebody has in every account, and who may do something in one.

use haechi_access::center::{
    Attribute, Center, Level, Levels, Reach, Seat, Session, Taken, User, UserGroup, UserStatus,
};
use haechi_access::{Answer, Explanation, Guardrails};
use haechi_iam::{Action, Catalogue};
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::{Value, json};

use super::super::ask::{explained, explaining};
use super::super::request::{AccessScope, action};
use super::super::words;
use super::{Recorded, account_id, account_name, cautions, documents, provisioned, unfound, via};
use crate::App;
use crate::error::{Result, UserError};

/// Whose access, to what.
#[derive(Debug, Clone, Default)]
pub struct OrgAccessRequest {
    /// A user name, address, id or display name; none: everybody.
    pub person: Option<String>,
    /// One question instead of the level.
    pub action: Option<String>,
    pub resource: String,
    /// Ids or names; empty: all.
    pub accounts: Vec<String>,
    pub scope: AccessScope,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct OrgAccess {
    pub table: Table,
    pub cautions: Vec<Message>,
}

impl App {
    /// What somebody has where; or who may do an action in an account.
    ///
    /// # Errors
    /// A word names nobody, several, or no action; nothing is recorded of IAM Identity Center.
    pub fn org_access(&self, request: &OrgAccessRequest) -> Result<OrgAccess> {
        if request.person.is_none() && (request.action.is_none() || request.accounts.is_empty()) {
            return Err(UserError::said("center-whose").help("advice-center-whose"));
        }
        let recorded = self.people(request.scope.as_of.as_deref())?;
        let center = Center::new(&recorded.world, &recorded.directory, &documents);
        let catalogue = self.iam_catalogue()?;
        let mut asking = Asking {
            app: self,
            recorded: &recorded,
            center: &center,
            catalogue: &catalogue,
            request,
            accounts: Vec::new(),
            cautions: cautions(&recorded),
        };
        for word in &request.accounts {
            asking.accounts.push(account_id(&recorded.world, word)?);
        }
        let user = request
            .person
            .as_deref()
            .map(|word| recorded.directory.find_user(word).map_err(|error| unfound(error, word)))
            .transpose()?;
        asking.caution(user);
        let asked = request.action.as_deref().map(|word| action(&catalogue, word)).transpose()?;
        let table = match (user, &asked) {
            (Some(user), None) => asking.levels(user)?,
            (Some(user), Some(action)) => asking.answers(&[user], action)?,
            (None, Some(action)) => asking.answers(&recorded.directory.users().collect::<Vec<_>>(), action)?,
            (None, None) => return Err(UserError::said("center-whose").help("advice-center-whose")),
        };
        let mut cautions = asking.cautions;
        cautions.extend(super::super::world::cautions(&recorded.world));
        Ok(OrgAccess { table, cautions })
    }
}

/// Permission sets that are named in a note.
const DRIFTED: usize = 4;

struct Asking<'r> {
    app: &'r App,
    recorded: &'r Recorded,
    center: &'r Center<'r>,
    catalogue: &'r Catalogue,
    request: &'r OrgAccessRequest,
    accounts: Vec<&'r str>,
    cautions: Vec<Message>,
}

impl<'r> Asking<'r> {
    /// What is to be known whatever the question is.
    fn caution(&mut self, user: Option<&User>) {
        if let Some(user) = user.filter(|user| user.status == UserStatus::Disabled) {
            self.cautions.push(Message::new("center-disabled").with("name", &*user.name));
        }
        let unread = |group: &&UserGroup| group.members_unknown.is_some();
        let unread = self.recorded.directory.groups().filter(unread).count();
        if unread > 0 {
            self.cautions.push(Message::new("center-members-unknown").with("count", unread));
        }
    }

    /// Accounts that are not active.
    fn caution_of_accounts(&mut self, seats: &[Seat<'_>]) {
        let mut accounts: Vec<&str> = seats.iter().map(|seat| seat.account).collect();
        accounts.dedup();
        for account in accounts.into_iter().filter_map(|id| self.recorded.world.account(id)) {
            if !matches!(&*account.status, "" | "ACTIVE") {
                let message = Message::new("center-account-status").with("account", &*account.id);
                self.cautions.push(message.with("name", &*account.name).with("status", &*account.status));
            }
        }
    }

    fn seats(&self, user: &User) -> Vec<Seat<'r>> {
        let mut seats = self.center.seats(user);
        if !self.accounts.is_empty() {
            seats.retain(|seat| self.accounts.contains(&seat.account));
        }
        seats
    }

    fn session(&self, user: &User, seat: &Seat<'r>) -> Result<Session<'r>> {
        let mut session = self.center.session(user, seat).map_err(UserError::verbatim)?;
        session.context = self.request.scope.fill(self.app, self.catalogue, session.context)?;
        if self.request.scope.guardrails() == Guardrails::WithoutScps {
            session.subject.scps = &[];
        }
        Ok(session)
    }

    /// What somebody has in every account.
    fn levels(&mut self, user: &User) -> Result<Table> {
        let world = &self.recorded.world;
        let mut levels = Levels::new(world, self.catalogue);
        let seats = self.seats(user);
        self.caution_of_accounts(&seats);
        let (mut rows, mut tags) = (Vec::new(), Vec::new());
        for seat in &seats {
            let session = self.session(user, seat)?;
            let reach = levels.of(&session);
            for (key, value) in &session.tags {
                if !tags.contains(&(key.clone(), value.clone())) {
                    tags.push((key.clone(), value.clone()));
                }
            }
            rows.push(self.level_row(seat, &session, &reach));
        }
        let mut accounts: Vec<&str> = seats.iter().map(|seat| seat.account).collect();
        accounts.dedup();
        let mut notes = vec![
            Message::new("center-counts")
                .with("name", user.words())
                .with("sets", seats.len())
                .with("accounts", accounts.len()),
        ];
        notes.extend(tag_notes(&tags));
        notes.extend(self.drift_note(&seats));
        Ok(Table {
            columns: level_columns(),
            rows,
            empty: Message::new("center-no-access").with("name", user.words()),
            notes: if seats.is_empty() { Vec::new() } else { notes },
        })
    }

    /// Where roles are not as their permission sets say.
    fn drift_note(&self, seats: &[Seat<'_>]) -> Option<Message> {
        let drifted = |seat: &&Seat<'_>| !self.center.provisioned(seat.set_arn, seat.account).drift.is_empty();
        let names: Vec<String> = (seats.iter().filter(drifted))
            .map(|seat| format!("{} ({})", seat.set_name(), account_name(&self.recorded.world, seat.account)))
            .collect();
        let more = if names.len() > DRIFTED { ", ..." } else { "" };
        let some = names[..names.len().min(DRIFTED)].join(", ") + more;
        (!names.is_empty()).then(|| Message::new("center-drifted").with("count", names.len()).with("names", some))
    }

    fn level_row(&self, seat: &Seat<'r>, session: &Session<'r>, reach: &Reach) -> Vec<Cell> {
        let world = &self.recorded.world;
        let account = world.account(seat.account);
        let groups: Vec<Value> = seat.groups.iter().map(|group| json!({"id": group.id, "name": group.name})).collect();
        let tags: serde_json::Map<String, Value> =
            session.tags.iter().map(|(key, value)| (key.to_string(), tag_value(value))).collect();
        vec![
            Cell::Text(seat.account.to_owned()),
            Cell::Text(account_name(world, seat.account).to_owned()),
            Cell::Text(seat.set_name().to_owned()),
            level(reach.level, reach.conditional),
            Cell::Message(via(seat)),
            taken(reach),
            Cell::Text(seat.set.map(|set| set.session_duration.to_string()).unwrap_or_default()),
            provisioned(&session.provisioned.drift),
            Cell::Text(account.map(|account| account.name_path.clone()).unwrap_or_default()),
            Cell::Text(account.map(|account| account.status.to_string()).unwrap_or_default()),
            Cell::Json(json!(reach.conditional)),
            Cell::Text(reach.granted.name().to_owned()),
            Cell::Json(json!({"scp": reach.by_scps, "boundary": reach.by_boundary, "rcp": reach.by_rcps})),
            Cell::Json(json!(seat.is_direct)),
            Cell::Json(json!(groups)),
            Cell::Text(seat.set_arn.to_owned()),
            session.provisioned.role.map(|role| role.arn()).into(),
            Cell::Text(session.subject.caller.name_in_policies().to_owned()),
            Cell::List(session.provisioned.policies()),
            Cell::Json(Value::Object(tags)),
            Cell::Json(json!(session.provisioned.drift)),
        ]
    }

    /// One question to everybody given, in every account where they have something.
    fn answers(&mut self, users: &[&User], asked: &Action) -> Result<Table> {
        let world = &self.recorded.world;
        let many = self.request.person.is_none();
        let mut rows: Vec<(Answer, String, Vec<Cell>)> = Vec::new();
        let (mut people, mut sessions) = (0_usize, 0_usize);
        for user in users {
            let seats = self.seats(user);
            // Who is disabled cannot sign in.
            if many && user.status == UserStatus::Disabled {
                continue;
            }
            people += usize::from(!seats.is_empty());
            for seat in &seats {
                sessions += 1;
                let session = self.session(user, seat)?;
                let account = self.request.scope.resource_account.as_deref();
                let target = match &*self.request.resource {
                    "*" => world.target("*", Some(seat.account)),
                    _ => self.request.scope.target(world, &self.request.resource)?,
                };
                let target = if target.resource.account().is_none() && account.is_none() {
                    world.target(&self.request.resource, Some(seat.account))
                } else {
                    target
                };
                let guardrails = self.request.scope.guardrails();
                let question = world.question(&session.subject, asked, &target, &session.context, guardrails);
                let explanation = match Explanation::of(&question, session.subject.principal) {
                    Some(explanation) => explanation,
                    None if many => continue,
                    None => no(&question),
                };
                let mut cells = vec![words::answer(explanation.answer)];
                if many {
                    cells.push(Cell::Text(user.name.to_string()));
                }
                cells.extend([
                    Cell::Text(seat.account.to_owned()),
                    Cell::Text(account_name(world, seat.account).to_owned()),
                    Cell::Text(seat.set_name().to_owned()),
                    Cell::Message(via(seat)),
                ]);
                cells.extend(explained(&explanation));
                cells.extend([
                    Cell::Text(user.id.to_string()),
                    Cell::Text(user.display_name.to_string()),
                    Cell::List(user.emails.iter().map(ToString::to_string).collect()),
                    Cell::Text(session.subject.caller.name_in_policies().to_owned()),
                ]);
                rows.push((explanation.answer, user.name.to_string(), cells));
            }
        }
        if many {
            rows.sort_by(|left, right| (right.0, &left.1).cmp(&(left.0, &right.1)));
        }
        let count = |answer| rows.iter().filter(|(is, _, _)| *is == answer).count();
        let counts = Message::new("center-answer-counts")
            .with("people", people)
            .with("sessions", sessions)
            .with("yes", count(Answer::Yes))
            .with("conditional", count(Answer::Conditional))
            .with("undecidable", count(Answer::Undecidable));
        let mut columns = vec![Column::new("answer", "access-column-answer", Fit::Whole)];
        if many {
            columns.push(Column::new("person", "center-column-person", Fit::Middle));
        }
        columns.extend([
            Column::new("account", "column-account", Fit::Whole),
            Column::new("accountName", "access-column-account-name", Fit::Spare),
            Column::new("permissionSet", "center-column-set", Fit::Middle),
            Column::new("via", "center-column-via", Fit::Spare),
        ]);
        columns.extend(explaining());
        let machine = ["userId", "displayName", "emails", "session"];
        columns.extend(machine.map(|key| Column::named(key.to_owned(), Fit::Machine)));
        Ok(Table {
            columns,
            rows: rows.into_iter().map(|(_, _, cells)| cells).collect(),
            empty: Message::new("center-nobody-can").with("people", people),
            notes: vec![counts],
        })
    }
}

/// A certain no, with the Deny statements that say so.
fn no(question: &haechi_iam::Question<'_>) -> Explanation {
    let decision = question.explain();
    let denies = decision.because.iter().filter(|because| because.effect == haechi_iam::Effect::Deny);
    let because = denies.map(|because| haechi_access::Reason::of(because, None)).collect();
    Explanation { answer: Answer::No, because, keys: Vec::new(), unrecorded: Vec::new() }
}

fn level_columns() -> Vec<Column> {
    let mut columns = vec![
        Column::new("account", "column-account", Fit::Whole),
        Column::new("accountName", "access-column-account-name", Fit::Middle),
        Column::new("permissionSet", "center-column-set", Fit::Middle),
        Column::new("level", "center-column-level", Fit::Whole),
        Column::new("via", "center-column-via", Fit::End),
        Column::new("takenAway", "center-column-taken", Fit::Spare),
        Column::new("sessionDuration", "center-column-session", Fit::Spare),
        Column::new("provisioned", "center-column-provisioned", Fit::Spare),
        Column::new("ouPath", "center-column-path", Fit::Spare),
    ];
    let machine = [
        "accountStatus",
        "conditional",
        "granted",
        "guardrails",
        "direct",
        "groups",
        "permissionSetArn",
        "role",
        "session",
        "policies",
        "tags",
        "drift",
    ];
    columns.extend(machine.map(|key| Column::named(key.to_owned(), Fit::Machine)));
    columns
}

fn level(level: Level, conditional: bool) -> Cell {
    let id = match (level, conditional) {
        (Level::Nothing, _) => "center-level-nothing",
        (Level::Reads, false) => "center-level-reads",
        (Level::Reads, true) => "center-level-reads-conditional",
        (Level::Writes, false) => "center-level-writes",
        (Level::Writes, true) => "center-level-writes-conditional",
        (Level::Power, false) => "center-level-power",
        (Level::Power, true) => "center-level-power-conditional",
        (Level::Administrator, false) => "center-level-administrator",
        (Level::Administrator, true) => "center-level-administrator-conditional",
    };
    Cell::Word { raw: level.name(), id }
}

/// Actions that guardrails and the boundary take away.
fn taken(reach: &Reach) -> Cell {
    let layers = [&reach.by_scps, &reach.by_boundary, &reach.by_rcps];
    if layers.iter().all(|taken| taken.count() + taken.conditional == 0) {
        return Cell::Empty;
    }
    let words = |taken: &Taken| match taken.conditional {
        0 => taken.count().to_string(),
        conditional => format!("{} ({conditional})", taken.count()),
    };
    Cell::Message(
        Message::new("center-taken")
            .with("scp", words(&reach.by_scps))
            .with("boundary", words(&reach.by_boundary))
            .with("rcp", words(&reach.by_rcps)),
    )
}

fn tag_value(value: &Attribute) -> Value {
    match value {
        Attribute::Known(value) => json!(value),
        Attribute::Absent => Value::Null,
        Attribute::Unknown => json!({"unknown": true}),
    }
}

/// Session tags in a sentence, and those whose values nobody recorded.
fn tag_notes(tags: &[(Box<str>, Attribute)]) -> Vec<Message> {
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for (key, value) in tags {
        match value {
            Attribute::Known(value) => known.push(format!("{key}={value}")),
            Attribute::Absent => {}
            Attribute::Unknown => unknown.push(key.to_string()),
        }
    }
    let mut notes = Vec::new();
    if !known.is_empty() {
        notes.push(Message::new("center-tags").with("tags", known.join(", ")));
    }
    if !unknown.is_empty() {
        notes.push(Message::new("center-tags-unknown").with("tags", unknown.join(", ")));
    }
    notes
}
