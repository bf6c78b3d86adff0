//! Logs that no digest names: those of an hour whose digest is there were put there by someone else than CloudTrail,
//! or are from a time of which no digest speaks.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use haechi_model::Timestamp;

use crate::layout::LogName;

/// An account and a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub account: String,
    pub region: String,
}

/// What the digests say of a log by not naming it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Covered {
    /// A digest names it.
    Named,
    /// The digests of its time are there, and none names it; or it came long after the last of them.
    Unnamed,
    /// It came after the last digest: the next one is due.
    Due,
    /// No digest speaks of its time.
    Outside,
    /// Its account and region, or its kind of log, has no digest at all.
    Never,
}

/// What digests name, and the times they speak of.
#[derive(Default)]
pub struct Unnamed {
    /// Hashes of names: a year of an organization has millions.
    named: HashSet<u64>,
    hash: RandomState,
    spans: BTreeMap<Place, Vec<(Timestamp, Timestamp)>>,
    folders: BTreeSet<(Place, String)>,
}

/// The time in a log's name is up to so much earlier or later than that of its delivery.
const ABOUT: i64 = 30 * 60_000_000;
/// Digests of the same chain touch.
const TOUCH: i64 = 5 * 60_000_000;
/// After so long the digest of an hour should be there.
const DUE: i64 = 2 * 3_600_000_000;

impl Unnamed {
    /// A digest names this log.
    pub fn name(&mut self, key: &str) {
        let hash = self.hash.hash_one(bare(key));
        self.named.insert(hash);
        let name = LogName::parse(key);
        if let (Some(place), Some(folder)) = (place(&name), name.folder) {
            // Few places and folders, many logs.
            if !self.folders.contains(&(place.clone(), folder.to_owned())) {
                self.folders.insert((place, folder.to_owned()));
            }
        }
    }

    /// A digest speaks of this time.
    pub fn cover(&mut self, place: Place, start: Timestamp, end: Timestamp) {
        let spans = self.spans.entry(place).or_default();
        // They come in order, but for those of other trails.
        match spans.last_mut() {
            Some(last) if start >= last.0 && start.since(last.1) <= TOUCH => last.1 = last.1.max(end),
            _ => spans.push((start, end)),
        }
    }

    /// After the last `cover`: puts the times in order.
    pub fn settle(&mut self) {
        for spans in self.spans.values_mut() {
            spans.sort_unstable();
            let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
            for (start, end) in spans.drain(..) {
                match joined.last_mut() {
                    Some(last) if start.since(last.1) <= TOUCH => last.1 = last.1.max(end),
                    _ => joined.push((start, end)),
                }
            }
            *spans = joined;
        }
    }

    /// The times that digests of an account and region speak of, in order.
    pub fn spans(&self) -> &BTreeMap<Place, Vec<(Timestamp, Timestamp)>> {
        &self.spans
    }

    /// What the digests say of a log that was found. None: the name is no log's that a digest would name.
    pub fn standing(&self, path: &str) -> Option<(Place, Covered)> {
        let name = LogName::parse(path);
        let folder = name.folder.filter(|folder| folder.starts_with("CloudTrail") && *folder != "CloudTrail-Digest")?;
        let place = place(&name)?;
        let (at, _) = name.delivered?;
        if self.named.contains(&self.hash.hash_one(bare(path))) {
            return Some((place, Covered::Named));
        }
        let Some(spans) = self.spans.get(&place).filter(|spans| !spans.is_empty()) else {
            return Some((place, Covered::Never));
        };
        // Trails may leave out kinds of events, and their digests do not speak of those of another trail. A folder
        // that was never named, where others were, is another trail's.
        let known = |folder: &str| self.folders.contains(&(place.clone(), folder.to_owned()));
        if folder != "CloudTrail" && !known(folder) {
            return Some((place, Covered::Never));
        }
        let within = |moment: Timestamp| spans.iter().any(|(start, end)| *start <= moment && moment <= *end);
        let last = spans.last().map_or(at, |(_, end)| *end);
        let between = within(at.plus_micros(-ABOUT)) && within(at) && within(at.plus_micros(ABOUT));
        let covered = if between || at.since(last) > DUE {
            Covered::Unnamed
        } else if at.plus_micros(ABOUT) >= last {
            Covered::Due
        } else {
            Covered::Outside
        };
        Some((place, covered))
    }
}

fn place(name: &LogName<'_>) -> Option<Place> {
    Some(Place { account: name.account?.to_owned(), region: name.region?.to_owned() })
}

/// The file's name, packed or not.
fn bare(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".gz").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_digests_say_by_not_naming() {
        let at = |text: &str| Timestamp::parse(&format!("2026-11-22T{text}:00Z")).unwrap();
        let place = Place { account: "111122223333".to_owned(), region: "eu-west-1".to_owned() };
        let mut unnamed = Unnamed::default();
        let log = |time: &str, unique: &str| {
            format!(
                "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/22/111122223333_CloudTrail_eu-west-1_20261122T{time}Z_{unique}.json.gz"
            )
        };
        unnamed.name(&log("0830", "a"));
        for (start, end) in [("12:00", "13:00"), ("08:00", "09:00"), ("09:00", "10:00"), ("13:00", "14:00")] {
            unnamed.cover(place.clone(), at(start), at(end));
        }
        unnamed.settle();
        assert_eq!(unnamed.spans()[&place], [(at("08:00"), at("10:00")), (at("12:00"), at("14:00"))]);
        for (path, expected) in [
            (log("0830", "a"), Some(Covered::Named)),
            (log("0830", "a").replace(".gz", ""), Some(Covered::Named)),
            (log("0830", "b"), Some(Covered::Unnamed)),
            (log("0900", "b"), Some(Covered::Unnamed)),
            (log("0600", "b"), Some(Covered::Outside)),
            (log("0945", "b"), Some(Covered::Outside)),
            (log("1100", "b"), Some(Covered::Outside)),
            (log("1400", "b"), Some(Covered::Due)),
            (log("1555", "b"), Some(Covered::Due)),
            (log("1605", "b"), Some(Covered::Unnamed)),
            (log("0830", "b").replace("eu-west-1", "us-east-1"), Some(Covered::Never)),
            (log("0830", "b").replace("CloudTrail", "CloudTrail-Insight"), Some(Covered::Never)),
            (log("0830", "b").replace("CloudTrail", "CloudTrail-Digest"), None),
            ("notes.json".to_owned(), None),
        ] {
            assert_eq!(unnamed.standing(&path).map(|(_, covered)| covered), expected, "{path}");
        }
    }
}
