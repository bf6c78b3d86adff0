//! One event: a borrowed view over the text of its record, with the wanted fields in numbered slots.

use std::borrow::Cow;
use std::path::Path;

use haechi_model::Timestamp;

use crate::fields::{Fields, Record, Slot};
use crate::json::Json;

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub file: &'a Path,
    /// The record's number in the file, from 1.
    pub record: u64,
}

/// A CloudTrail event. It lives as long as the call that hands it over: keep what you need of it.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    pub(crate) record: Record<'a>,
    pub(crate) head: Head<'a>,
    pub(crate) place: Place<'a>,
}

/// What every event has; read always.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) id: &'a str,
    pub(crate) time: Timestamp,
    pub(crate) source: &'a str,
    pub(crate) name: &'a str,
}

/// The fields that are read of every record, by the index of their slots.
pub(crate) mod core {
    use crate::fields::{Fields, Slot};

    pub(crate) const PATHS: [&str; 17] = [
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
    pub(crate) const ID: Slot = Fields::at(0);
    pub(crate) const TIME: Slot = Fields::at(1);
    pub(crate) const SOURCE: Slot = Fields::at(2);
    pub(crate) const NAME: Slot = Fields::at(3);
    pub(crate) const REGION: Slot = Fields::at(4);
    pub(crate) const RECIPIENT: Slot = Fields::at(5);
    pub(crate) const CALLER: Slot = Fields::at(6);
    pub(crate) const READ_ONLY: Slot = Fields::at(7);
    pub(crate) const ERROR: Slot = Fields::at(8);
    pub(crate) const CATEGORY: Slot = Fields::at(9);
    pub(crate) const INNER: Slot = Fields::at(10);
    pub(crate) const DETAIL_TYPE: Slot = Fields::at(11);
    pub(crate) const DETAIL: Slot = Fields::at(12);
    pub(crate) const DIGEST: Slot = Fields::at(13);
    pub(crate) const CONFIG: Slot = Fields::at(14);
    pub(crate) const OBJECT: Slot = Fields::at(15);
    pub(crate) const RECORDS: Slot = Fields::at(16);
}

impl Fields {
    /// The wanted fields, behind those that are read of every event.
    pub fn of_events<'p>(wanted: impl IntoIterator<Item = &'p str>) -> Result<Self, crate::FieldError> {
        Self::new(core::PATHS.into_iter().chain(wanted))
    }
}

impl<'a> Event<'a> {
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

    pub fn region(&self) -> Option<Cow<'a, str>> {
        self.text(core::REGION)
    }

    /// The account that the event is about: the one that received it, else the caller's.
    pub fn account(&self) -> Option<Cow<'a, str>> {
        self.text(core::RECIPIENT).or_else(|| self.text(core::CALLER))
    }

    pub fn error_code(&self) -> Option<Cow<'a, str>> {
        self.text(core::ERROR)
    }

    /// `Management`, `Data`, `Insight` or `NetworkActivity`; old events say nothing.
    pub fn category(&self) -> Option<Cow<'a, str>> {
        self.text(core::CATEGORY)
    }

    /// `readOnly`; old events do not say it, and then the name does.
    pub fn is_read_only(&self) -> bool {
        match self.get(core::READ_ONLY) {
            Some(value) => value.as_bool() == Some(true) || value.text().as_deref() == Some("true"),
            None => ["Get", "List", "Describe", "Head", "Lookup", "Search", "BatchGet"]
                .iter()
                .any(|verb| self.name().starts_with(verb)),
        }
    }

    /// The field of a slot, as it stands in the record.
    pub fn get(&self, slot: Slot) -> Option<Json<'a>> {
        self.record.get(slot)
    }

    /// A field's text.
    pub fn text(&self, slot: Slot) -> Option<Cow<'a, str>> {
        self.get(slot).and_then(Json::text)
    }

    /// Every value that a field's path leads to: through arrays too, and a list's elements one by one.
    pub fn each(&self, slot: Slot, each: &mut dyn FnMut(Json<'a>)) {
        self.record.each(slot, each);
    }

    pub fn place(&self) -> Place<'a> {
        self.place
    }

    /// The whole record.
    pub fn json(&self) -> Json<'a> {
        Json::of_checked(self.record.text)
    }
}

/// Reads CloudTrail's time, `2023-07-10T11:42:36Z`: a date and a time with its offset, and nothing less.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
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
