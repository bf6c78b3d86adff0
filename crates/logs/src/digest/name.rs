//! Names of digests: which chain one is of and when it ends, before it is opened; and the names that an hour would have.

use std::fmt;

use haechi_model::Timestamp;

/// `[folders/]111122223333_CloudTrail-Digest_eu-west-1_my_trail_us-east-1_20261122T090131Z[_backfill].json.gz`.
///
/// Everything but the time names the chain: digests of one chain differ in their time only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DigestName {
    pub account: String,
    /// Where the logs are from.
    pub region: String,
    pub trail: String,
    /// Where the trail was made.
    pub home: String,
    /// Names logs that its hour's digest did not.
    pub backfill: bool,
    pub end: Timestamp,
}

const KIND: &str = "CloudTrail-Digest";

impl DigestName {
    /// Reads the last part of a key or path. None: it is no digest's name.
    pub fn parse(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let name = name.strip_suffix(".gz").unwrap_or(name).strip_suffix(".json")?;
        let (name, backfill) = name.strip_suffix("_backfill").map_or((name, false), |name| (name, true));
        let (account, rest) = name.split_once('_')?;
        let rest = rest.strip_prefix(KIND)?.strip_prefix('_')?;
        let (region, rest) = rest.split_once('_')?;
        let (rest, end) = rest.rsplit_once('_')?;
        let (trail, home) = rest.rsplit_once('_')?;
        let own = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(Self {
            account: own(account)?,
            region: own(region)?,
            trail: own(trail)?,
            home: own(home)?,
            backfill,
            end: moment(end)?,
        })
    }

    /// The same chain at another time.
    pub fn at(&self, end: Timestamp) -> Self {
        Self { end, ..self.clone() }
    }

    /// The folder of a day, below that of the chain.
    pub fn day(end: Timestamp) -> String {
        end.date().replace('-', "/")
    }

    pub fn is_same_chain(&self, other: &Self) -> bool {
        self.at(other.end) == *other
    }
}

impl fmt::Display for DigestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, region, trail, home, .. } = self;
        let time: String = self.end.to_string().chars().filter(|letter| !matches!(letter, '-' | ':')).collect();
        let behind = if self.backfill { "_backfill" } else { "" };
        write!(f, "{account}_{KIND}_{region}_{trail}_{home}_{time}{behind}.json.gz")
    }
}

/// `20261122T090131Z`.
fn moment(text: &str) -> Option<Timestamp> {
    let shape = text.len() == 16
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    let part = |from: usize, to: usize| &text[from..to];
    let (date, time) = ((part(0, 4), part(4, 6), part(6, 8)), (part(9, 11), part(11, 13), part(13, 15)));
    Timestamp::parse(&format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, time.0, time.1, time.2)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for (name, trail, backfill) in [
            ("111122223333_CloudTrail-Digest_eu-west-1_my_trail_us-east-1_20261122T090131Z.json.gz", "my_trail", false),
            ("111122223333_CloudTrail-Digest_eu-west-1_t_us-east-1_20261122T090131Z_backfill.json.gz", "t", true),
        ] {
            let parsed = DigestName::parse(&format!("p/AWSLogs/x/{name}")).unwrap();
            assert_eq!((parsed.trail.as_str(), parsed.backfill, parsed.to_string().as_str()), (trail, backfill, name));
            assert_eq!(parsed.end.to_string(), "2026-11-22T09:01:31Z");
            let unpacked = name.trim_end_matches(".gz");
            assert_eq!(DigestName::parse(unpacked).as_ref(), Some(&parsed));
            let next = parsed.at(parsed.end.plus_days(1));
            assert!(next.is_same_chain(&parsed) && DigestName::day(next.end) == "2026/11/23");
        }
    }

    #[test]
    fn what_is_no_digest_name() {
        for name in [
            "",
            "111122223333_CloudTrail_eu-west-1_20261122T0915Z_aB3.json.gz",
            "111122223333_CloudTrail-Digest_eu-west-1_us-east-1_20261122T090131Z.json.gz",
            "111122223333_CloudTrail-Digest_eu-west-1_t_us-east-1_20261322T090131Z.json.gz",
            "111122223333_CloudTrail-Digest_eu-west-1_t_us-east-1_20261122T090131Z.txt",
            "111122223333_CloudTrail-Digest_eu-west-1__us-east-1_20261122T090131Z.json.gz",
        ] {
            assert_eq!(DigestName::parse(name), None, "{name}");
        }
    }
}
