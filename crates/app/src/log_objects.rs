//! Lists the logs in a bucket by AWS's layout: folders that the filter does not want are not entered, and a region's
//! days are listed from the first that is wanted to the last.

use std::collections::{BTreeMap, VecDeque};

use haechi_aws::{ApiError, Object, Objects};
use haechi_logs::{LATE, LogFilter, LogName, Unwanted};
use haechi_model::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Which folders of a trail's bucket are listed, by the folder's name (`CloudTrail`, `vpcflowlogs`, ...).
pub(crate) type Kinds = fn(&str) -> bool;

/// What was passed over without being listed or opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    pub(crate) folders: BTreeMap<Unwanted, u64>,
    pub(crate) objects: BTreeMap<Unwanted, u64>,
    /// Folders of other kinds, by their names.
    pub(crate) kinds: BTreeMap<String, u64>,
}

/// Folders that are listed at the same time, and pages of each that wait to be taken.
const AHEAD: usize = 8;
const PAGES: usize = 2;
/// Below folders that are not AWS's, levels that are looked at one by one.
const DEPTH: usize = 6;
/// A file's name may be so much older than the events in it.
const EARLY: i64 = 3_600_000_000;

/// The objects of a place that a filter wants, page by page, in the order of their folders.
pub(crate) struct ObjectWalk {
    objects: Objects,
    filter: LogFilter,
    kinds: Kinds,
    /// Prefixes that are still to be listed to their depths.
    waiting: VecDeque<String>,
    /// Objects that were met between folders.
    loose: Vec<Object>,
    listing: VecDeque<mpsc::Receiver<Result<Vec<Object>, ApiError>>>,
    pub(crate) passed: Passed,
}

/// How a folder is gone into.
enum Way {
    Skip,
    /// Look at what is right under it.
    Look,
    /// List all below it.
    List,
}

impl ObjectWalk {
    /// Finds the folders below `prefix` that are wanted.
    pub(crate) async fn start(
        objects: Objects,
        prefix: &str,
        filter: LogFilter,
        kinds: Kinds,
    ) -> Result<Self, ApiError> {
        let mut walk = Self {
            objects,
            filter,
            kinds,
            waiting: VecDeque::new(),
            loose: Vec::new(),
            listing: VecDeque::new(),
            passed: Passed::default(),
        };
        walk.find(prefix).await?;
        Ok(walk)
    }

    async fn find(&mut self, prefix: &str) -> Result<(), ApiError> {
        let mut level = vec![prefix.to_owned()];
        let mut depth = 0;
        while !level.is_empty() {
            let mut looks = JoinSet::new();
            let mut under = Vec::new();
            for (at, prefix) in level.into_iter().enumerate() {
                match self.way(&prefix, depth) {
                    Way::Skip => {}
                    Way::List => under.push((at, prefix, None)),
                    Way::Look => {
                        let objects = self.objects.clone();
                        looks.spawn(async move {
                            let found = objects.under(&prefix).await;
                            (at, prefix, found)
                        });
                    }
                }
            }
            while let Some(done) = looks.join_next().await {
                let (at, prefix, found) = done.map_err(|error| self.broken(&error))?;
                under.push((at, prefix, Some(found?)));
            }
            under.sort_by_key(|(at, ..)| *at);
            level = Vec::new();
            for (_, prefix, found) in under {
                match found {
                    None => self.waiting.push_back(prefix),
                    Some(found) => {
                        level.extend(found.prefixes);
                        self.loose.extend(found.objects);
                    }
                }
            }
            depth += 1;
        }
        Ok(())
    }

    fn broken(&self, error: &tokio::task::JoinError) -> ApiError {
        ApiError::new(haechi_aws::ErrorKind::Malformed, "s3", "", "ListObjectsV2", error.to_string())
    }

    fn way(&mut self, prefix: &str, depth: usize) -> Way {
        let whole = !prefix.is_empty() && !prefix.ends_with('/');
        let name = LogName::parse(prefix);
        if !whole && let Some(why) = self.filter.unwanted(&name) {
            *self.passed.folders.entry(why).or_default() += 1;
            return Way::Skip;
        }
        if !whole && let Some(folder) = name.folder.filter(|folder| !(self.kinds)(folder)) {
            *self.passed.kinds.entry(folder.to_owned()).or_default() += 1;
            return Way::Skip;
        }
        let settled = name.delivered.is_some() || (name.folder.is_some() && name.region.is_some());
        // Of folders that are not AWS's, nothing tells what is below; those of AWS are looked into to their regions.
        let ours = prefix.split('/').any(|part| part == "AWSLogs");
        if settled || (!ours && depth >= DEPTH) { Way::List } else { Way::Look }
    }

    /// The next objects that are wanted; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Vec<Object>, ApiError>> {
        if !self.loose.is_empty() {
            let loose = std::mem::take(&mut self.loose);
            return Some(Ok(self.wanted(loose)));
        }
        loop {
            while self.listing.len() < AHEAD {
                let Some(prefix) = self.waiting.pop_front() else { break };
                let after = start_after(&prefix, self.filter.since);
                let (sender, receiver) = mpsc::channel(PAGES);
                tokio::spawn(list(self.objects.clone(), prefix, after, self.filter.until, sender));
                self.listing.push_back(receiver);
            }
            match self.listing.front_mut()?.recv().await {
                Some(Ok(page)) => return Some(Ok(self.wanted(page))),
                Some(Err(error)) => return Some(Err(error)),
                None => drop(self.listing.pop_front()),
            }
        }
    }

    fn wanted(&mut self, page: Vec<Object>) -> Vec<Object> {
        let (filter, kinds, passed) = (&self.filter, self.kinds, &mut self.passed);
        page.into_iter()
            .filter(|object| {
                let name = LogName::parse(&object.key);
                if let Some(why) = filter.unwanted(&name) {
                    *passed.objects.entry(why).or_default() += 1;
                    return false;
                }
                let other = name.folder.filter(|folder| !kinds(folder));
                if let Some(folder) = other {
                    *passed.kinds.entry(folder.to_owned()).or_default() += 1;
                }
                other.is_none()
            })
            .collect()
    }
}

/// Lists a folder from a key on, until its days are past what is wanted.
async fn list(
    objects: Objects,
    prefix: String,
    after: Option<String>,
    until: Option<Timestamp>,
    sender: mpsc::Sender<Result<Vec<Object>, ApiError>>,
) {
    let mut listing = match objects.list(&prefix, after.as_deref()) {
        Ok(listing) => listing,
        Err(error) => return drop(sender.send(Err(error)).await),
    };
    while let Some(page) = listing.next().await {
        let past = page.as_ref().is_ok_and(|page| page.last().is_some_and(|last| is_past(&last.key, until)));
        let failed = page.is_err();
        if sender.send(page).await.is_err() || past || failed {
            return;
        }
    }
}

/// Days of one folder sort in order: behind a key that is past, all are.
fn is_past(key: &str, until: Option<Timestamp>) -> bool {
    let folder = &key[..key.rfind('/').map_or(0, |at| at + 1)];
    let day = LogName::parse(folder).delivered;
    match (day, until) {
        (Some((first, _)), Some(until)) => first >= until.plus_micros(LATE),
        _ => false,
    }
}

/// The key behind which a folder's first wanted day begins.
fn start_after(prefix: &str, since: Option<Timestamp>) -> Option<String> {
    let day = since?.plus_micros(-EARLY).date();
    let mut date = day.split('-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let mut base = prefix;
    // Years, months and days that the prefix has already.
    while let Some((before, last)) = base.strip_suffix('/').map(|base| base.rsplit_once('/').unwrap_or(("", base))) {
        let value = last.split_once('=').map_or(last, |(_, value)| value);
        let is_date = matches!(value.len(), 2 | 4) && value.bytes().all(|byte| byte.is_ascii_digit());
        if !is_date || before.is_empty() {
            break;
        }
        base = &base[..before.len() + 1];
    }
    let hive = prefix.contains("aws-service=");
    let key = if hive {
        format!("{base}year={year}/month={month}/day={day}/")
    } else {
        format!("{base}{year}/{month}/{day}/")
    };
    (key.as_str() > prefix && !key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_where_they_are_wanted() {
        let since = Timestamp::parse("2026-11-22T09:00:00Z").ok();
        let check = |prefix: &str, expected: Option<&str>| {
            assert_eq!(start_after(prefix, since).as_deref(), expected, "{prefix}");
        };
        let trail = "AWSLogs/111122223333/CloudTrail/eu-west-1/";
        check(trail, Some("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/22/"));
        check(&format!("{trail}2026/"), Some("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/22/"));
        check(&format!("{trail}2026/11/22/"), None);
        check(&format!("{trail}2027/"), None);
        let hive = "AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=eu-west-1/";
        check(hive, Some(&format!("{hive}year=2026/month=11/day=22/")));
        check(&format!("{hive}year=2026/"), Some(&format!("{hive}year=2026/month=11/day=22/")));
        assert_eq!(start_after(trail, None), None);
        let midnight = Timestamp::parse("2026-11-22T00:10:00Z").ok();
        assert!(start_after(trail, midnight).unwrap().ends_with("/2026/11/21/"));
    }

    #[test]
    fn days_end_where_none_is_wanted_any_more() {
        let until = Timestamp::parse("2026-11-22T09:00:00Z").ok();
        let key = |day: &str| format!("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/{day}/x.json.gz");
        assert!(!is_past(&key("22"), until) && !is_past(&key("23"), until) && is_past(&key("24"), until));
        assert!(!is_past(&key("24"), None) && !is_past("x.json.gz", until));
    }
}
