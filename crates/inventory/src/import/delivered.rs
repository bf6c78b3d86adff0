//! What the names of AWS Config's objects tell: whose they are, of when, and of which kind.
//!
//! Of several snapshots of one account and region the newest says what is there; an older one, and what a
//! history file holds from before it, tells of the past only.

use std::collections::HashMap;

use haechi_model::{AccountId, ConfigurationItem, Region, Timestamp};

/// One object of AWS Config, by its name: `123456789012_Config_eu-west-1_ConfigSnapshot_20260102T030405Z_<id>.json.gz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub account: AccountId,
    pub region: Region,
    pub kind: Kind,
    /// When it was made; of a history file, when its last change was.
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Snapshot,
    Other,
}

impl Delivered {
    /// Reads the last part of a path or key.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next()?;
        let mut parts = name.split('_');
        let account = AccountId::parse(parts.next()?).ok()?;
        if parts.next()? != "Config" {
            return None;
        }
        let region = Region::parse(parts.next()?).ok()?;
        let kind = if parts.next()? == "ConfigSnapshot" { Kind::Snapshot } else { Kind::Other };
        let at = parts.filter_map(moment).next_back()?;
        Some(Self { account, region, kind, at })
    }
}

/// `20260102T030405Z`
fn moment(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' || !text.is_ascii() {
        return None;
    }
    let [date, time] = [&text[..8], &text[9..15]];
    let whole = format!("{}-{}-{}T{}:{}:{}Z", &date[..4], &date[4..6], &date[6..], &time[..2], &time[2..4], &time[4..]);
    Timestamp::parse(&whole).ok()
}

/// When an item was so, seen from today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tense {
    Present,
    Past,
}

/// The newest snapshot of each account and region of an import.
#[derive(Debug, Default)]
pub(crate) struct Newest(HashMap<(AccountId, Region), Timestamp>);

impl Newest {
    pub(crate) fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut newest = HashMap::new();
        for found in names.filter_map(Delivered::of).filter(|found| found.kind == Kind::Snapshot) {
            let known = newest.entry((found.account, found.region)).or_insert(found.at);
            *known = found.at.max(*known);
        }
        Self(newest)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (AccountId, &Region, Timestamp)> {
        self.0.iter().map(|((account, region), at)| (*account, region, *at))
    }

    fn at(&self, account: AccountId, region: &Region) -> Option<Timestamp> {
        // One snapshot and nothing else needs no look-up.
        if self.0.is_empty() { None } else { self.0.get(&(account, region.clone())).copied() }
    }

    /// Whether a whole file tells of the past: a snapshot that has a newer one.
    pub(crate) fn is_past(&self, file: &Delivered) -> bool {
        file.kind == Kind::Snapshot && self.at(file.account, &file.region).is_some_and(|newest| file.at < newest)
    }

    /// Whether an item that is in no snapshot was so before the newest one. Global resources are in the
    /// snapshots of one region, no matter which: nothing is concluded of them.
    pub(crate) fn tense(&self, item: &ConfigurationItem) -> Tense {
        let key = item.key();
        match self.at(key.account_id, &key.region) {
            Some(newest) if item.captured() < newest => Tense::Past,
            _ => Tense::Present,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_whose_and_of_when() {
        let check = |name: &str, want: Option<(&str, Kind, &str)>| {
            let found = Delivered::of(name);
            let got = found.as_ref().map(|found| (found.region.as_str(), found.kind, found.at.to_string()));
            assert_eq!(got, want.map(|(region, kind, at)| (region, kind, at.to_owned())), "{name}");
        };
        let at = "2026-01-02T03:04:05Z";
        check(
            "a/b/123456789012_Config_eu-west-1_ConfigSnapshot_20260102T030405Z_0a-1b.json.gz",
            Some(("eu-west-1", Kind::Snapshot, at)),
        );
        check(
            "123456789012_Config_us-east-1_ConfigHistory_AWS::EC2::Volume_20260101T000000Z_20260102T030405Z_1.json.gz",
            Some(("us-east-1", Kind::Other, at)),
        );
        check("123456789012_Config_us-east-1_ConfigSnapshot_20261332T030405Z_x.json.gz", None);
        check("123456789012_CloudTrail_us-east-1_20260102T0304Z_x.json.gz", None);
        check("snapshot.json", None);
        check("", None);
    }
}
