//! What a log's key or path says of it before it is opened: AWS's layout of folders and file names.
//!
//! ```text
//! [prefix/]AWSLogs/[o-id/]account/CloudTrail/region/2026/11/22/account_CloudTrail_region_20261122T0915Z_x.json.gz
//! [prefix/]AWSLogs/[aws-account-id=]account/[aws-service=]vpcflowlogs/[aws-region=]region/[year=]2026/...
//! [prefix/]AWSLogs/account/vpcdnsquerylogs/vpc-id/2026/11/22/...   and those of WAF, EKS and the others
//! ```

use std::collections::BTreeSet;

use haechi_model::Timestamp;

/// The parts of a name that are there; each may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogName<'a> {
    pub organization: Option<&'a str>,
    pub account: Option<&'a str>,
    /// The folder of the kind of log: `CloudTrail`, `CloudTrail-Digest`, `vpcflowlogs`, `WAFLogs`, ...
    pub folder: Option<&'a str>,
    pub region: Option<&'a str>,
    /// What is known of when the file was delivered, first and last moment of it.
    pub delivered: Option<(Timestamp, Timestamp)>,
    /// The last part.
    pub file: &'a str,
}

const MINUTE: i64 = 60_000_000;
/// Names tell the time roughly: an event may be some minutes younger than the name of its file.
const EARLY: i64 = 60 * MINUTE;
/// How long after an event the file with it may be delivered.
pub const LATE: i64 = Timestamp::DAY;

impl<'a> LogName<'a> {
    /// Reads a key of S3 or a path with `/`; a folder ends in `/`.
    pub fn parse(path: &'a str) -> Self {
        let mut name = Self { file: path.rsplit('/').next().unwrap_or_default(), ..Self::default() };
        let mut parts = path.split('/').collect::<Vec<_>>();
        parts.pop();
        if let Some(at) = parts.iter().rposition(|part| *part == "AWSLogs") {
            name.folders(&parts[at + 1..]);
        }
        name.of_file();
        name
    }

    /// What the file is known by wherever it lies: the name that AWS gave it, when that tells account, kind and time and
    /// ends in letters by chance; otherwise the whole path.
    pub fn identity(path: &'a str) -> &'a str {
        let file = path.rsplit('/').next().unwrap_or_default();
        let own = Self::parse(file);
        let stem = file.split('.').next().unwrap_or_default();
        let by_chance = stem.rsplit('_').next().is_some_and(|end| end.len() >= 8 && compact(end).is_none());
        let is_own = own.account.is_some() && own.folder.is_some() && own.delivered.is_some() && by_chance;
        if is_own { file } else { path }
    }

    fn folders(&mut self, parts: &[&'a str]) {
        let mut date: Vec<i64> = Vec::new();
        for part in parts {
            // Hive's way of naming folders.
            let part = part.split_once('=').map_or(*part, |(_, value)| value);
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            match date.len() {
                _ if self.account.is_none() && is_organization(part) => self.organization = Some(part),
                _ if self.account.is_none() && is_account(part) => self.account = Some(part),
                _ if self.account.is_none() => {}
                _ if self.folder.is_none() => self.folder = Some(part),
                0 if self.region.is_none() && is_region(part) => self.region = Some(part),
                0 if digits && part.len() == 4 => date.extend(part.parse::<i64>()),
                1..=3 if digits && part.len() == 2 => date.extend(part.parse::<i64>()),
                _ => {}
            }
        }
        self.delivered = span(&date);
    }

    /// `111122223333_CloudTrail_eu-west-1_20261122T0915Z_abc.json.gz` and the like: what no folder has said.
    fn of_file(&mut self) {
        let stem = self.file.split('.').next().unwrap_or_default();
        for part in stem.split('_') {
            if self.account.is_none() && is_account(part) {
                self.account = Some(part);
            } else if self.region.is_none() && is_region(part) {
                self.region = Some(part);
            } else if self.folder.is_none() && FOLDERS.contains(&part) {
                self.folder = Some(part);
            } else if let Some(time) = compact(part) {
                let step = if part.len() == 14 { MINUTE } else { MINUTE / 60 };
                self.delivered = Some((time, time.plus_micros(step)));
            }
        }
    }
}

/// Kinds that file names tell.
const FOLDERS: [&str; 8] = [
    "CloudTrail",
    "CloudTrail-Digest",
    "CloudTrail-Insight",
    "CloudTrail-NetworkActivity",
    "vpcflowlogs",
    "vpcdnsquerylogs",
    "elasticloadbalancing",
    "WAFLogs",
];

fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_organization(part: &str) -> bool {
    part.strip_prefix("o-")
        .is_some_and(|id| (10..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// `eu-west-1`, `us-gov-east-1`, `cn-northwest-1`; `global` and `cloudfront` stand in its place at WAF.
fn is_region(part: &str) -> bool {
    let mut words = part.split('-');
    let (first, last) = (words.next().unwrap_or_default(), words.next_back().unwrap_or_default());
    let inner = words.all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()));
    let place = (2..=4).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_lowercase());
    place && inner && !last.is_empty() && last.len() <= 2 && last.bytes().all(|byte| byte.is_ascii_digit())
}

/// `20261122T0915Z` or `20261122T091530Z`.
fn compact(part: &str) -> Option<Timestamp> {
    let shape = |at: usize, byte: u8| match at {
        8 => byte == b'T',
        _ if at + 1 == part.len() => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    if !matches!(part.len(), 14 | 16) || !part.bytes().enumerate().all(|(at, byte)| shape(at, byte)) {
        return None;
    }
    let seconds = if part.len() == 16 { &part[13..15] } else { "00" };
    let text = format!("{}-{}-{}T{}:{}:{seconds}Z", &part[..4], &part[4..6], &part[6..8], &part[9..11], &part[11..13]);
    Timestamp::parse(&text).ok()
}

/// The time that `[2026]`, `[2026, 11]`, `[2026, 11, 22]` or `[2026, 11, 22, 9]` stand for.
fn span(date: &[i64]) -> Option<(Timestamp, Timestamp)> {
    let moment = |year: i64, month: i64, day: i64| Timestamp::parse(&format!("{year:04}-{month:02}-{day:02}")).ok();
    let hour = |hour: i64| hour * 60 * MINUTE;
    Some(match *date {
        [year] => (moment(year, 1, 1)?, moment(year + 1, 1, 1)?),
        [year, 12] => (moment(year, 12, 1)?, moment(year + 1, 1, 1)?),
        [year, month] => (moment(year, month, 1)?, moment(year, month + 1, 1)?),
        [year, month, day] => (moment(year, month, day)?, moment(year, month, day)?.plus_days(1)),
        [year, month, day, at, ..] if at < 24 => {
            let day = moment(year, month, day)?;
            (day.plus_micros(hour(at)), day.plus_micros(hour(at + 1)))
        }
        _ => return None,
    })
}

/// Which logs are wanted, as far as names tell. Empty sets want all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    pub accounts: BTreeSet<String>,
    pub regions: BTreeSet<String>,
    /// Events from this moment on.
    pub since: Option<Timestamp>,
    /// Events before this moment.
    pub until: Option<Timestamp>,
}

/// Why a file is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unwanted {
    Account,
    Region,
    /// It was delivered before the time that is asked for.
    Before,
    /// It was delivered so long after that time that it has no event of it.
    After,
}

impl LogFilter {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Why a file, or a folder with all that is in it, can be passed over. None: it has to be opened.
    pub fn unwanted(&self, name: &LogName<'_>) -> Option<Unwanted> {
        let outside = |wanted: &BTreeSet<String>, found: Option<&str>| {
            !wanted.is_empty() && found.is_some_and(|found| !wanted.contains(found))
        };
        // The account of an organization's folder is that of the events; so is that of any other trail.
        if outside(&self.accounts, name.account) {
            return Some(Unwanted::Account);
        }
        if outside(&self.regions, name.region) {
            return Some(Unwanted::Region);
        }
        let (first, last) = name.delivered?;
        if self.since.is_some_and(|since| last.plus_micros(EARLY) <= since) {
            return Some(Unwanted::Before);
        }
        self.until.is_some_and(|until| first >= until.plus_micros(LATE)).then_some(Unwanted::After)
    }

    /// The same for an event.
    pub fn wants(&self, time: Timestamp, account: Option<&str>, region: Option<&str>) -> bool {
        let within = |wanted: &BTreeSet<String>, found: Option<&str>| {
            wanted.is_empty() || found.is_some_and(|found| wanted.contains(found))
        };
        within(&self.accounts, account)
            && within(&self.regions, region)
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, account: &str, folder: &str, region: &str, from: &str) {
        let name = LogName::parse(path);
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        assert_eq!((name.account, name.folder, name.region), (some(account), some(folder), some(region)), "{path}");
        let found = name.delivered.map(|(first, _)| first.to_string());
        assert_eq!(found.as_deref(), some(from), "{path}");
    }

    #[test]
    fn a_file_is_known_wherever_it_lies() {
        let file = "111122223333_CloudTrail_eu-west-1_20261122T0915Z_aB3dE5gH7jK9mN1p.json.gz";
        assert_eq!(LogName::identity(&format!("s3://bucket/AWSLogs/111122223333/CloudTrail/{file}")), file);
        assert_eq!(LogName::identity(&format!("/copies/{file}")), file);
        for path in ["/a/part-0001.json.gz", "/a/111122223333_CloudTrail_eu-west-1_20261122T0915Z.json.gz", "/a/b", ""]
        {
            assert_eq!(LogName::identity(path), path, "its name says too little");
        }
    }

    #[test]
    fn layouts_of_aws() {
        let trail = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/22/111122223333_CloudTrail_eu-west-1_20261122T0915Z_aB3.json.gz";
        check(trail, "111122223333", "CloudTrail", "eu-west-1", "2026-11-22T09:15:00Z");
        check(&format!("x/y/{trail}"), "111122223333", "CloudTrail", "eu-west-1", "2026-11-22T09:15:00Z");
        let org = "AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail-Digest/us-gov-east-1/2026/12/31/";
        check(org, "111122223333", "CloudTrail-Digest", "us-gov-east-1", "2026-12-31T00:00:00Z");
        assert_eq!(LogName::parse(org).organization, Some("o-a1b2c3d4e5"));
        assert_eq!(LogName::parse(org).delivered.unwrap().1.to_string(), "2027-01-01T00:00:00Z");
        check("AWSLogs/o-a1b2c3d4e5/111122223333/", "111122223333", "", "", "");
        check(
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/",
            "111122223333",
            "CloudTrail",
            "eu-west-1",
            "2026-01-01T00:00:00Z",
        );
        check(
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/12/",
            "111122223333",
            "CloudTrail",
            "eu-west-1",
            "2026-12-01T00:00:00Z",
        );
        check(
            "AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=us-east-1/year=2026/month=11/day=22/hour=09/111122223333_vpcflowlogs_us-east-1_fl-0a_20261122T0900Z_d.log.gz",
            "111122223333",
            "vpcflowlogs",
            "us-east-1",
            "2026-11-22T09:00:00Z",
        );
        check(
            "AWSLogs/111122223333/vpcdnsquerylogs/vpc-0a1/2026/11/22/vpc-0a1_vpcdnsquerylogs_111122223333_20261122T0905Z_9.log.gz",
            "111122223333",
            "vpcdnsquerylogs",
            "",
            "2026-11-22T09:05:00Z",
        );
        check(
            "AWSLogs/111122223333/WAFLogs/us-east-1/acl-a/2026/11/22/09/10/111122223333_waflogs_us-east-1_acl-a_20261122T0910Z_1.log.gz",
            "111122223333",
            "WAFLogs",
            "us-east-1",
            "2026-11-22T09:10:00Z",
        );
        check(
            "111122223333_CloudTrail_eu-west-1_20261122T0915Z_aB3.json",
            "111122223333",
            "CloudTrail",
            "eu-west-1",
            "2026-11-22T09:15:00Z",
        );
    }

    #[test]
    fn names_that_say_nothing() {
        for path in
            ["", "/", "x.json", "logs/1.json.gz", "AWSLogs/x/y/z.json", "20261399T9999Z.json", "a_20261322T0915Z_.gz"]
        {
            check(path, "", "", "", "");
        }
    }

    #[test]
    fn what_is_passed_over() {
        let filter = LogFilter {
            accounts: ["111122223333".to_owned()].into(),
            regions: ["eu-west-1".to_owned()].into(),
            since: Timestamp::parse("2026-11-10T00:00:00Z").ok(),
            until: Timestamp::parse("2026-11-11T00:00:00Z").ok(),
        };
        let folder = "AWSLogs/111122223333/CloudTrail/eu-west-1";
        for (path, expected) in [
            ("AWSLogs/111122223333/", None),
            ("AWSLogs/999922223333/", Some(Unwanted::Account)),
            ("AWSLogs/111122223333/CloudTrail/us-east-1/", Some(Unwanted::Region)),
            (&format!("{folder}/2025/"), Some(Unwanted::Before)),
            (&format!("{folder}/2026/"), None),
            (&format!("{folder}/2026/11/09/"), None),
            (&format!("{folder}/2026/11/08/"), Some(Unwanted::Before)),
            (&format!("{folder}/2026/11/11/"), None),
            (&format!("{folder}/2026/11/12/"), Some(Unwanted::After)),
            (
                &format!("{folder}/2026/11/09/111122223333_CloudTrail_eu-west-1_20261109T2255Z_a.json.gz"),
                Some(Unwanted::Before),
            ),
            (&format!("{folder}/2026/11/09/111122223333_CloudTrail_eu-west-1_20261109T2305Z_a.json.gz"), None),
            ("anything.json", None),
        ] {
            assert_eq!(filter.unwanted(&LogName::parse(path)), expected, "{path}");
        }
        let at = |text: &str| Timestamp::parse(text).unwrap();
        assert!(filter.wants(at("2026-11-10T05:00:00Z"), Some("111122223333"), Some("eu-west-1")));
        assert!(!filter.wants(at("2026-11-11T00:00:00Z"), Some("111122223333"), Some("eu-west-1")));
        assert!(!filter.wants(at("2026-11-10T05:00:00Z"), None, Some("eu-west-1")));
    }
}
