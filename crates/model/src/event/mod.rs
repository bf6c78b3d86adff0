//! One event of a log: a borrowed view over the text of its record, with the wanted fields in numbered slots.
//!
//! `logs` reads events, `detect` judges them; neither knows the other, both know this.

mod fields;
mod flow;
pub mod json;
mod learned;
mod log;

use std::borrow::Cow;
use std::path::Path;

use crate::time::Timestamp;

pub use fields::{FieldError, Fields, Found, Record, Slot, Value};
pub use flow::{Flow, FlowAction, FlowDirection, is_public};
pub use json::{Json, JsonKind};
pub use learned::Learned;
pub use log::Log;

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub file: &'a Path,
    /// The record's number in the file, from 1.
    pub record: u64,
}

/// An event. It lives as long as the call that hands it over: keep what you need of it.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    pub record: Record<'a>,
    pub head: Head<'a>,
    pub place: Place<'a>,
}

/// What every event has; read always.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    pub log: Log,
    /// The same in every copy of an event: `eventID`, `auditID`, or a hash of the record where the log has none.
    pub id: &'a str,
    pub time: Timestamp,
    /// CloudTrail's `eventSource`; of other logs the service's name in that form.
    pub source: &'a str,
    /// CloudTrail's `eventName`; of Kubernetes the verb, of DNS the query's type, of other logs the operation.
    pub name: &'a str,
    /// The account that the event is about: the one that received it, else the caller's.
    pub account: Option<&'a str>,
    pub region: Option<&'a str>,
}

/// The fields that are read of every CloudTrail record, by the index of their slots.
pub mod core {
    use super::{Fields, Slot};

    pub const PATHS: [&str; 17] = [
        "eventID",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "recipientAccountId",
        "userIdentity.accountId",
        "readOnly",
        "errorCode",
        "eventCategory",
        // Documents that are no event, and such as have one inside.
        "CloudTrailEvent",
        "detail-type",
        "detail",
        "digestEndTime",
        "configurationItems",
        "s3.object.key",
        "Records",
    ];
    pub const ID: Slot = Fields::at(0);
    pub const TIME: Slot = Fields::at(1);
    pub const SOURCE: Slot = Fields::at(2);
    pub const NAME: Slot = Fields::at(3);
    pub const REGION: Slot = Fields::at(4);
    pub const RECIPIENT: Slot = Fields::at(5);
    pub const CALLER: Slot = Fields::at(6);
    pub const READ_ONLY: Slot = Fields::at(7);
    pub const ERROR: Slot = Fields::at(8);
    pub const CATEGORY: Slot = Fields::at(9);
    pub const INNER: Slot = Fields::at(10);
    pub const DETAIL_TYPE: Slot = Fields::at(11);
    pub const DETAIL: Slot = Fields::at(12);
    pub const DIGEST: Slot = Fields::at(13);
    pub const CONFIG: Slot = Fields::at(14);
    pub const OBJECT: Slot = Fields::at(15);
    pub const RECORDS: Slot = Fields::at(16);
}

impl Fields {
    /// The wanted fields, behind those that are read of every event.
    pub fn of_events<'p>(wanted: impl IntoIterator<Item = &'p str>) -> Result<Self, FieldError> {
        Self::new(core::PATHS.into_iter().chain(wanted))
    }
}

impl<'a> Event<'a> {
    pub fn log(&self) -> Log {
        self.head.log
    }

    /// `eventID`: the same in every copy of an event.
    pub fn id(&self) -> &'a str {
        self.head.id
    }

    pub fn time(&self) -> Timestamp {
        self.head.time
    }

    /// `eventSource`, such as `ec2.amazonaws.com`.
    pub fn source(&self) -> &'a str {
        self.head.source
    }

    /// `eventName`, such as `RunInstances`.
    pub fn name(&self) -> &'a str {
        self.head.name
    }

    pub fn region(&self) -> Option<&'a str> {
        self.head.region
    }

    /// The account that the event is about: the one that received it, else the caller's.
    pub fn account(&self) -> Option<&'a str> {
        self.head.account
    }

    /// A field of CloudTrail that is read always; of another log none.
    fn of_trail(&self, slot: Slot) -> Option<Json<'a>> {
        if self.head.log == Log::CloudTrail { self.get(slot) } else { None }
    }

    pub fn error_code(&self) -> Option<Cow<'a, str>> {
        self.of_trail(core::ERROR).and_then(Json::text)
    }

    /// `Management`, `Data`, `Insight` or `NetworkActivity`; old events say nothing.
    pub fn category(&self) -> Option<Cow<'a, str>> {
        self.of_trail(core::CATEGORY).and_then(Json::text)
    }

    /// `readOnly`; old events do not say it, and then the name does.
    pub fn is_read_only(&self) -> bool {
        match self.of_trail(core::READ_ONLY) {
            Some(value) => value.as_bool() == Some(true) || value.text().as_deref() == Some("true"),
            None => is_reading(self.name()),
        }
    }

    /// The JSON of a slot, as it stands in the record; a column is none.
    pub fn get(&self, slot: Slot) -> Option<Json<'a>> {
        self.record.get(slot)
    }

    /// A field's value, of a JSON record or a line of columns.
    pub fn value(&self, slot: Slot) -> Option<Value<'a>> {
        self.record.value(slot)
    }

    /// A field's text; none when it is a number, a list or anything else.
    pub fn text(&self, slot: Slot) -> Option<Cow<'a, str>> {
        match self.value(slot)? {
            Value::Plain(text) => Some(Cow::Borrowed(text)),
            Value::Json(json) => json.text(),
        }
    }

    /// Every JSON value that a field's path leads to: through arrays too, and a list's elements one by one.
    pub fn each(&self, slot: Slot, each: &mut dyn FnMut(Json<'a>)) {
        self.record.each(slot, each);
    }

    /// The same of any record.
    pub fn each_value(&self, slot: Slot, each: &mut dyn FnMut(Value<'a>)) {
        self.record.each_value(slot, each);
    }

    pub fn place(&self) -> Place<'a> {
        self.place
    }

    /// The text of the whole record: JSON, or a line.
    pub fn raw(&self) -> &'a str {
        self.record.text()
    }
}

/// Whether a call of this name only reads, as far as names tell.
pub fn is_reading(name: &str) -> bool {
    ["Get", "List", "Describe", "Head", "Lookup", "Search", "BatchGet"].iter().any(|verb| name.starts_with(verb))
}

/// Reads CloudTrail's time, `2023-07-10T11:42:36Z`: a date and a time with its offset, and nothing less.
pub fn time(text: &str) -> Option<Timestamp> {
    if let Some(time) = plain_time(text.as_bytes()) {
        return Some(time);
    }
    let whole = (20..=40).contains(&text.len()) && text.as_bytes()[10] == b'T';
    let offset = text.ends_with('Z') || text.get(19..).is_some_and(|rest| rest.contains(['+', '-']));
    (whole && offset).then(|| Timestamp::parse(text).ok()).flatten()
}

fn plain_time(text: &[u8]) -> Option<Timestamp> {
    let text: &[u8; 20] = text.try_into().ok()?;
    let fits = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if fits.iter().any(|(at, mark)| text[*at] != *mark) {
        return None;
    }
    let number = |from: usize, to: usize| {
        text[from..to]
            .iter()
            .try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since 1970, counting years from March on, so that a leap day is a year's last.
    let (year, shifted) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(Timestamp::from_seconds(days * 86_400 + hour * 3_600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_strict() {
        for text in
            ["2023-07-10T11:42:36Z", "2024-02-29T23:59:59Z", "2023-07-10T11:42:36.123Z", "2023-07-10T20:42:36+09:00"]
        {
            assert_eq!(time(text), Timestamp::parse(text).ok(), "{text}");
            assert!(time(text).is_some(), "{text}");
        }
        for text in [
            "2023-07-10",
            "1688989356",
            "2023-02-29T00:00:00Z",
            "2023-07-10T24:00:00Z",
            "2023-07-10 11:42:36Z",
            "2023-07-10T11:42:36",
            "2023-13-10T11:42:36Z",
            "",
            "yesterday",
            "２０２３-07-10T11:42:36Z",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_short_way_equals_the_long_one(seconds in -60_000_000_000_i64..250_000_000_000) {
            let known = Timestamp::from_seconds(seconds);
            let text = known.to_string();
            if text.len() == 20 {
                prop_assert_eq!(plain_time(text.as_bytes()), Some(known));
            }
        }
    }
}
