//! What the network says of an entity: conversations, what was refused, how much was sent, names that were asked for.
//! Lines are added up as they come, in bounded memory and in any order; every sum names lines that it rests on.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::Timestamp;
use serde::Serialize;

use super::links::Link;
use super::tell::Claim;

/// The network's part of a story.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Which interfaces, instances, addresses, sessions and names belong together.
    pub links: Vec<Link>,
    /// All flows of the window; none where there were none.
    pub flows: Option<Flows>,
    /// Conversations: those that a finding rests on first, then new ones, then by bytes.
    pub talks: Vec<Talk>,
    pub talks_left_out: u64,
    /// What was refused, added up: what others tried, and what the entity tried.
    pub refused: Vec<Refused>,
    /// Names that were asked for, in the same order.
    pub asked: Vec<Asked>,
    pub asked_left_out: u64,
    /// Flows whose other side is told only in sums, because there were too many.
    pub folded: u64,
}

/// How much was said in the window, beside what is usual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flows {
    pub rejected: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    /// Other sides that the entity talked with.
    pub peers: u64,
    /// The hour in which most was sent.
    pub busiest: Option<Busiest>,
    /// Of the time before; none where there were no flows.
    pub usual: Option<Usual>,
    /// The busiest hour sent many times what any hour before did.
    pub unusual: bool,
    #[serde(flatten)]
    pub claim: Claim,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Busiest {
    pub hour: Timestamp,
    pub bytes_sent: u64,
    #[serde(flatten)]
    pub claim: Claim,
}

/// What an hour before the window sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usual {
    /// Hours with flows.
    pub hours: u64,
    /// Bytes sent in an hour, on average, and in the busiest.
    pub average: u64,
    pub most: u64,
}

/// Who began a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Began {
    /// The entity.
    Own,
    /// The other side.
    Other,
}

/// A conversation of the entity with one other side, on one port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Talk {
    pub own: String,
    pub other: String,
    /// What a query was answered with this address for.
    pub name: Option<String>,
    /// `443/tcp`, `icmp`.
    pub port: String,
    pub began: Began,
    pub interface: String,
    pub instance: Option<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    /// The entity never talked with the other side, or never at this port, before the window.
    pub new: bool,
    /// The threats that rest on these flows, by type.
    pub threats: BTreeSet<String>,
    #[serde(flatten)]
    pub claim: Claim,
}

/// What was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// Who tried.
    pub began: Began,
    pub others: u64,
    pub ports: u64,
    /// There were more than were counted.
    pub at_least: bool,
    /// The most frequent, with how often.
    pub most_others: Vec<(String, u64)>,
    pub most_ports: Vec<(String, u64)>,
    pub threats: BTreeSet<String>,
    #[serde(flatten)]
    pub claim: Claim,
}

/// Names below one registered domain that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    pub domain: String,
    /// The instance, or the address where the log names no instance.
    pub by: String,
    /// Different names.
    pub names: u64,
    pub examples: Vec<String>,
    /// Types of queries.
    pub kinds: BTreeSet<String>,
    /// Names that do not exist: `NXDOMAIN`.
    pub missing: u64,
    /// Addresses that were answered.
    pub addresses: Vec<String>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub new: bool,
    pub threats: BTreeSet<String>,
    #[serde(flatten)]
    pub claim: Claim,
}

/// What a line of the timeline says of the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Wire {
    /// `flows`, `refused`, `queries`.
    pub kind: &'static str,
    /// Who began; of queries none.
    pub began: Option<Began>,
    pub own: Option<String>,
    /// Other sides, and how many there were.
    pub others: Vec<String>,
    pub other_count: u64,
    pub ports: Vec<String>,
    pub port_count: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    /// Domains that were asked for, and queries for names that do not exist.
    pub domains: Vec<String>,
    pub domain_count: u64,
    pub missing: u64,
    /// It was never so before.
    pub new: bool,
    pub interface: Option<String>,
    pub instance: Option<String>,
}

/// The largest first, and so many; of equal ones the order of keys stays.
pub(super) fn most<K: Ord + Clone>(
    counts: &BTreeMap<K, u64>,
    many: usize,
    name: impl Fn(&K) -> String,
) -> Vec<(String, u64)> {
    let mut list: Vec<_> = counts.iter().collect();
    list.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    list.truncate(many);
    list.into_iter().map(|(key, count)| (name(key), *count)).collect()
}
