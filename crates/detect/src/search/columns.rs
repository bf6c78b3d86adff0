//! Columns that events of every log have, whatever the log calls them.

use std::borrow::Cow;
use std::cell::OnceCell;

use haechi_model::Log;
use haechi_model::event::{Event, FieldError, Fields};

use crate::principal::{Actor, ActorSlots};

/// A column; its name is the same in tables, filters and SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventColumn {
    Time,
    Log,
    Source,
    Name,
    AccountId,
    AwsRegion,
    /// The user, the role (not its session) or root; of other logs, what they call the caller.
    Principal,
    /// The ARN of the role's session or of the federated user.
    Session,
    AccessKeyId,
    Address,
    UserAgent,
    ErrorCode,
    ReadOnly,
    EventId,
    File,
    /// The record's number in the file, from 1.
    Record,
}

impl EventColumn {
    pub const ALL: [Self; 16] = [
        Self::Time,
        Self::Log,
        Self::Source,
        Self::Name,
        Self::AccountId,
        Self::AwsRegion,
        Self::Principal,
        Self::Session,
        Self::AccessKeyId,
        Self::Address,
        Self::UserAgent,
        Self::ErrorCode,
        Self::ReadOnly,
        Self::EventId,
        Self::File,
        Self::Record,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Log => "log",
            Self::Source => "source",
            Self::Name => "name",
            Self::AccountId => "accountId",
            Self::AwsRegion => "awsRegion",
            Self::Principal => "principal",
            Self::Session => "session",
            Self::AccessKeyId => "accessKeyId",
            Self::Address => "address",
            Self::UserAgent => "userAgent",
            Self::ErrorCode => "errorCode",
            Self::ReadOnly => "readOnly",
            Self::EventId => "eventId",
            Self::File => "file",
            Self::Record => "record",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.as_str() == name)
    }

    /// Whether more of the record must be read than what every event has.
    pub const fn is_of_actor(self) -> bool {
        matches!(
            self,
            Self::Principal | Self::Session | Self::AccessKeyId | Self::Address | Self::UserAgent | Self::ErrorCode
        )
    }

    /// How much work it is to tell.
    pub(super) const fn cost(self) -> u32 {
        match self {
            Self::Principal | Self::Session | Self::AccessKeyId => 20,
            Self::Time | Self::File | Self::Record => 10,
            Self::Address | Self::UserAgent | Self::ErrorCode => 4,
            _ => 1,
        }
    }
}

/// Where the columns are in the fields of one log.
#[derive(Debug, Clone)]
pub struct ColumnSlots {
    actor: ActorSlots,
}

impl ColumnSlots {
    /// Adds to the fields of a log what these columns are told by.
    pub fn add(log: Log, columns: &[EventColumn], fields: &mut Fields) -> Result<Self, FieldError> {
        if columns.iter().any(|column| column.is_of_actor()) {
            for path in ActorSlots::paths(log).iter().filter(|path| !path.is_empty()) {
                fields.add(path)?;
            }
        }
        Ok(Self { actor: ActorSlots::bind(log, fields) })
    }

    pub fn actor(&self) -> &ActorSlots {
        &self.actor
    }

    pub fn view<'v, 'a>(&'v self, event: &'v Event<'a>) -> EventView<'v, 'a> {
        EventView { event, slots: self, actor: OnceCell::new() }
    }
}

/// An event by its columns. Who acted is found out once, when it is asked for.
pub struct EventView<'v, 'a> {
    pub event: &'v Event<'a>,
    slots: &'v ColumnSlots,
    actor: OnceCell<Actor<'a>>,
}

impl<'a> EventView<'_, 'a> {
    pub fn actor(&self) -> &Actor<'a> {
        self.actor.get_or_init(|| self.slots.actor.actor(self.event))
    }

    /// The column's text; none where the event has none.
    pub fn text(&self, column: EventColumn) -> Option<Cow<'_, str>> {
        let event = self.event;
        let principal = || self.actor().principal.as_ref();
        match column {
            EventColumn::Time => Some(event.time().to_string().into()),
            EventColumn::Log => Some(event.log().as_str().into()),
            EventColumn::Source => some(event.source()),
            EventColumn::Name => some(event.name()),
            EventColumn::AccountId => event.account().and_then(some),
            EventColumn::AwsRegion => event.region().and_then(some),
            EventColumn::Principal => principal().and_then(|known| some(&known.id)),
            EventColumn::Session => principal().and_then(|known| known.session.as_deref()).and_then(some),
            EventColumn::AccessKeyId => principal().and_then(|known| known.access_key.as_deref()).and_then(some),
            EventColumn::Address => self.slots.actor.address(event),
            EventColumn::UserAgent => self.slots.actor.user_agent(event),
            EventColumn::ErrorCode if event.log() == Log::CloudTrail => {
                event.error_code().filter(|code| !code.is_empty())
            }
            EventColumn::ErrorCode => self.actor().error.as_deref().and_then(some),
            EventColumn::ReadOnly => self.read_only().map(|only| if only { "true" } else { "false" }.into()),
            EventColumn::EventId => some(event.id()),
            EventColumn::File => Some(event.place().file.to_string_lossy()),
            EventColumn::Record => Some(event.place().record.to_string().into()),
        }
    }

    /// Whether the call only reads; none where the log is not one of calls.
    pub fn read_only(&self) -> Option<bool> {
        let name = self.event.name();
        match self.event.log() {
            Log::CloudTrail => Some(self.event.is_read_only()),
            Log::EksAudit => Some(matches!(name, "get" | "list" | "watch")),
            // REST.GET.OBJECT
            Log::S3Access => Some(matches!(name.split('.').nth(1), Some("GET" | "HEAD" | "OPTIONS"))),
            Log::VpcFlow | Log::ResolverQuery | Log::RdsLogin | Log::Waf => None,
        }
    }
}

fn some(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}
