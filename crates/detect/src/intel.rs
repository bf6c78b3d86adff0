//! Lists of addresses and domains, trusted ones too, and what databases say of an address.

use core::net::IpAddr;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use haechi_content::Need;

use crate::owners::Owners;

/// A line of a list is neither an address, nor a range of them, nor a domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{text}` is no {wanted}")]
pub struct ListError {
    pub line: usize,
    pub text: String,
    pub wanted: &'static str,
}

/// What a database says of an address.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AddressFacts {
    /// ISO 3166 code.
    pub country: Option<Box<str>>,
    pub city: Option<Box<str>>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    /// The number of the autonomous system, and who runs it.
    pub asn: Option<u32>,
    pub network: Option<Box<str>>,
}

/// Databases of addresses. They are read elsewhere: here they are asked.
pub trait Geography: Send + Sync {
    fn facts(&self, address: IpAddr) -> AddressFacts;
    /// Countries and places are known.
    fn has_places(&self) -> bool;
    /// Networks are known.
    fn has_networks(&self) -> bool;
}

/// The entries of one list: ranges of addresses that do not overlap, sorted; domains by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    ranges: Vec<(u128, u128)>,
    domains: HashSet<Box<str>>,
}

pub(crate) fn number(address: IpAddr) -> u128 {
    match address {
        // IPv4 is kept in its place within IPv6, so that ::ffff:192.0.2.1 is the same address.
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(address) => address.into(),
    }
}

impl Lists {
    /// Adds a list of text: an entry a line, `#` and `;` begin a remark.
    pub fn add(&mut self, text: &str, domains: bool) -> Result<usize, ListError> {
        let mut count = 0;
        for (at, line) in text.lines().enumerate() {
            let entry = line.split(['#', ';']).next().unwrap_or_default().trim();
            if entry.is_empty() {
                continue;
            }
            let wrong = |wanted| ListError { line: at + 1, text: entry.chars().take(80).collect(), wanted };
            if domains {
                self.domains.insert(domain(entry).ok_or_else(|| wrong("domain"))?);
            } else {
                self.ranges.push(range(entry).ok_or_else(|| wrong("address or CIDR"))?);
            }
            count += 1;
        }
        self.settle();
        Ok(count)
    }

    /// Sorts the ranges and joins those that overlap or touch.
    fn settle(&mut self) {
        self.ranges.sort_unstable();
        let mut joined: Vec<(u128, u128)> = Vec::with_capacity(self.ranges.len());
        for (first, last) in self.ranges.drain(..) {
            match joined.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
                _ => joined.push((first, last)),
            }
        }
        joined.shrink_to_fit();
        self.ranges = joined;
    }

    /// The ranges of addresses on it, first and last.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (u128, u128)> {
        self.ranges.iter().copied()
    }

    pub fn has_address(&self, address: IpAddr) -> bool {
        let address = number(address);
        let at = self.ranges.partition_point(|(first, _)| *first <= address);
        at > 0 && self.ranges[at - 1].1 >= address
    }

    /// The domain itself or one above it is on the list.
    pub fn has_domain(&self, name: &str) -> bool {
        if self.domains.is_empty() {
            return false;
        }
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = name.as_str();
        loop {
            if self.domains.contains(rest) {
                return true;
            }
            match rest.split_once('.') {
                Some((_, above)) => rest = above,
                None => return false,
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.domains.is_empty()
    }
}

/// An address, a CIDR, or `first-last`.
pub(crate) fn range(text: &str) -> Option<(u128, u128)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((number(address), number(address)));
    }
    if let Ok(net) = text.parse::<ipnet::IpNet>() {
        let net = net.trunc();
        return Some((number(net.network()), number(net.broadcast())));
    }
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let same = matches!((first, last), (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)));
    let (first, last) = (number(first), number(last));
    (same && first <= last).then_some((first, last))
}

fn domain(text: &str) -> Option<Box<str>> {
    let name = text.strip_prefix("*.").unwrap_or(text).trim_end_matches('.').to_ascii_lowercase();
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_'))
    };
    (name.len() <= 253 && name.contains('.') && name.split('.').all(fits)).then(|| name.into())
}

/// Everything that is known from outside.
#[derive(Clone, Default)]
pub struct Intel {
    lists: BTreeMap<Need, Lists>,
    trusted: Lists,
    geography: Option<Arc<dyn Geography>>,
    owners: Owners,
}

impl Intel {
    /// Adds to the list of that name.
    pub fn add(&mut self, need: Need, text: &str) -> Result<usize, ListError> {
        self.lists.entry(need).or_default().add(text, need.is_domains())
    }

    /// Adds addresses that are never the reason of a finding.
    pub fn trust(&mut self, text: &str) -> Result<usize, ListError> {
        self.trusted.add(text, false)
    }

    /// Takes a configuration item of the recorded organization: whose network interface it is.
    pub fn own(&mut self, item: &serde_json::Value) {
        self.owners.add(item);
    }

    pub fn owners(&self) -> &Owners {
        &self.owners
    }

    /// There is a list of trusted addresses.
    pub(crate) fn trusts_any(&self) -> bool {
        !self.trusted.is_empty()
    }

    pub fn know(&mut self, geography: Arc<dyn Geography>) {
        self.geography = Some(geography);
    }

    /// Whether what a detection needs is there.
    pub fn has(&self, need: Need) -> bool {
        match need {
            Need::Geo => self.geography.as_ref().is_some_and(|known| known.has_places()),
            Need::Asn => self.geography.as_ref().is_some_and(|known| known.has_networks()),
            Need::Inventory => !self.owners.is_empty(),
            _ => self.lists.contains_key(&need),
        }
    }

    pub fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.has_address(address)
    }

    /// Whether an address or a domain, as a log writes it, is on a list.
    pub fn lists(&self, need: Need, text: &str) -> bool {
        let Some(list) = self.lists.get(&need) else { return false };
        if need.is_domains() {
            list.has_domain(text)
        } else {
            text.parse().is_ok_and(|address| list.has_address(address))
        }
    }

    pub fn list(&self, need: Need) -> Option<&Lists> {
        self.lists.get(&need)
    }

    pub fn facts(&self, address: IpAddr) -> AddressFacts {
        self.geography.as_ref().map(|known| known.facts(address)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(need: Need, list: &str, inside: &[&str], outside: &[&str]) {
        let mut intel = Intel::default();
        intel.add(need, list).unwrap();
        for text in inside {
            assert!(intel.lists(need, text), "{text} is on {list}");
        }
        for text in outside {
            assert!(!intel.lists(need, text), "{text} is not on {list}");
        }
    }

    #[test]
    fn addresses_are_on_lists() {
        check(
            Need::TorExits,
            "# exits\n198.51.100.7\n203.0.113.0/24 ; a remark\n2001:db8::/32\n192.0.2.5-192.0.2.9\n203.0.113.128/25",
            &["198.51.100.7", "203.0.113.255", "2001:db8:1::1", "192.0.2.5", "192.0.2.9", "::ffff:198.51.100.7"],
            &["198.51.100.8", "203.0.114.0", "2001:db9::1", "192.0.2.10", "AWS Internal", ""],
        );
        check(Need::ThreatAddresses, "0.0.0.0/0", &["1.2.3.4", "255.255.255.255"], &["2001:db8::1"]);
    }

    #[test]
    fn domains_are_on_lists_with_what_is_below() {
        check(
            Need::MiningDomains,
            "pool.example.com\n*.coins.example",
            &["pool.example.com", "eu.Pool.Example.com.", "a.coins.example", "coins.example"],
            &["example.com", "mypool.example.com", ""],
        );
    }

    #[test]
    fn lines_that_are_neither_are_named() {
        let mut intel = Intel::default();
        let error = intel.add(Need::TorExits, "192.0.2.1\n192.0.2.300").unwrap_err();
        assert_eq!((error.line, error.text.as_str()), (2, "192.0.2.300"));
        assert!(intel.add(Need::MiningDomains, "no domain!").is_err());
        assert!(intel.add(Need::TorExits, "192.0.2.9-192.0.2.5").is_err());
    }
}
