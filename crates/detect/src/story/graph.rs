//! The behaviour graph of a story: who acted through what on what.

use std::collections::BTreeMap;

use haechi_model::{Entity, EntityKind, Threat, Timestamp};
use serde::Serialize;

use super::network::{Began, Network};
use super::step::{Issue, Step};
use super::tell::Claim;

/// An entity of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    pub id: usize,
    #[serde(flatten)]
    pub entity: Entity,
}

/// Something between two entities, and the events that say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    /// `issued`, `session-of`, `key-of`, `from`, `with`, `acted-on`, `in`, `found`; of the network `interface-of`,
    /// `address-of`, `resolved-to`, `talked-to`, `refused`, `asked`.
    pub kind: &'static str,
    /// Of `talked-to`: `443/tcp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    /// The first and the last event.
    pub event_ids: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// Entities that were left out because there are too many.
    pub left_out: u64,
}

const NODES: usize = 2_000;

#[derive(Default)]
struct Making {
    graph: Graph,
    known: BTreeMap<Entity, usize>,
    edges: BTreeMap<(usize, usize, &'static str, Option<String>), usize>,
}

impl Making {
    fn node(&mut self, kind: EntityKind, id: &str) -> Option<usize> {
        let entity = Entity::new(kind, id);
        if let Some(known) = self.known.get(&entity) {
            return Some(*known);
        }
        let at = self.graph.nodes.len();
        if at >= NODES {
            self.graph.left_out += 1;
            return None;
        }
        self.known.insert(entity.clone(), at);
        self.graph.nodes.push(Node { id: at, entity });
        Some(at)
    }

    fn edge(&mut self, from: Option<usize>, to: Option<usize>, kind: &'static str, time: Timestamp, event: &str) {
        let (Some(from), Some(to)) = (from, to) else { return };
        if from == to {
            return;
        }
        let at = *self.edges.entry((from, to, kind, None)).or_insert_with(|| {
            let edge = Edge { from, to, kind, port: None, count: 0, first: time, last: time, event_ids: Vec::new() };
            self.graph.edges.push(edge);
            self.graph.edges.len() - 1
        });
        let edge = &mut self.graph.edges[at];
        edge.count += 1;
        edge.first = edge.first.min(time);
        edge.last = edge.last.max(time);
        if edge.event_ids.len() < 2 {
            edge.event_ids.push(event.to_owned());
        } else {
            edge.event_ids[1] = event.to_owned();
        }
    }

    /// An edge that a claim says.
    fn claimed(&mut self, ends: (Option<usize>, Option<usize>), kind: &'static str, port: Option<&str>, claim: &Claim) {
        let (Some(from), Some(to)) = ends else { return };
        let key = (from, to, kind, port.map(str::to_owned));
        let at = *self.edges.entry(key).or_insert_with(|| {
            let (first, last) = (claim.first, claim.last);
            let port = port.map(str::to_owned);
            self.graph.edges.push(Edge { from, to, kind, port, count: 0, first, last, event_ids: Vec::new() });
            self.graph.edges.len() - 1
        });
        let edge = &mut self.graph.edges[at];
        edge.count += claim.count;
        edge.first = edge.first.min(claim.first);
        edge.last = edge.last.max(claim.last);
        for id in claim.event_ids.iter().take(2) {
            if !edge.event_ids.contains(id) {
                edge.event_ids.push(id.clone());
            }
        }
        edge.event_ids.truncate(2);
    }

    /// Interfaces, instances, addresses and domains.
    fn network(&mut self, network: &Network, around: Timestamp) {
        for link in &network.links {
            let (from, to) = (self.node(link.from.kind, &link.from.id), self.node(link.to.kind, &link.to.id));
            let claim = Claim {
                count: 1,
                first: link.seen.unwrap_or(around),
                last: link.seen.unwrap_or(around),
                event_ids: link.event_ids.clone(),
                records: Vec::new(),
            };
            self.claimed((from, to), link.kind, None, &claim);
        }
        for talk in &network.talks {
            let (own, other) = (self.node(EntityKind::Address, &talk.own), self.node(EntityKind::Address, &talk.other));
            let ends = if talk.began == Began::Own { (own, other) } else { (other, own) };
            self.claimed(ends, "talked-to", Some(&talk.port), &talk.claim);
            let interface = self.node(EntityKind::Interface, &talk.interface);
            if let Some(instance) = &talk.instance {
                let instance = self.node(EntityKind::Instance, instance);
                self.claimed((interface, instance), "interface-of", None, &talk.claim);
            }
        }
        for asked in &network.asked {
            let by = self.node(super::cast::kind_of(&asked.by), &asked.by);
            let domain = self.node(EntityKind::Domain, &asked.domain);
            self.claimed((by, domain), "asked", None, &asked.claim);
            for address in &asked.addresses {
                let address = self.node(EntityKind::Address, address);
                self.claimed((domain, address), "resolved-to", None, &asked.claim);
            }
        }
    }
}

/// The graph of the steps of a story, in order of time.
pub(super) fn graph_of(steps: &[Step], chain: &[Issue], threats: &[Threat], network: &Network) -> Graph {
    let mut making = Making::default();
    for issue in chain {
        let by = issue.by_key.as_deref().and_then(|key| making.node(EntityKind::AccessKey, key));
        let key = making.node(EntityKind::AccessKey, &issue.key);
        making.edge(by, key, "issued", issue.time, &issue.event_id);
        let of = issue
            .of
            .as_deref()
            .map(|of| (if of.contains(":assumed-role/") { EntityKind::Session } else { EntityKind::Principal }, of));
        let of = of.and_then(|(kind, of)| making.node(kind, of));
        making.edge(key, of, "key-of", issue.time, &issue.event_id);
    }
    for step in steps {
        let (time, id) = (step.time, step.event_id.as_str());
        let principal = step.principal.as_deref().and_then(|one| making.node(EntityKind::Principal, one));
        let session = step.session.as_deref().and_then(|one| making.node(EntityKind::Session, one));
        let key = step.access_key.as_deref().and_then(|one| making.node(EntityKind::AccessKey, one));
        making.edge(session, principal, "session-of", time, id);
        making.edge(key, session.or(principal), "key-of", time, id);
        let actor = session.or(principal);
        let account = step.account.as_deref().and_then(|one| making.node(EntityKind::Account, one));
        making.edge(actor, account, "in", time, id);
        let address = step.address.as_deref().filter(|one| one.parse::<core::net::IpAddr>().is_ok());
        let address = address.and_then(|one| making.node(EntityKind::Address, one));
        making.edge(actor, address, "from", time, id);
        let agent = step.user_agent.as_deref().and_then(|one| making.node(EntityKind::UserAgent, one));
        making.edge(actor, agent, "with", time, id);
        for target in &step.targets {
            let kind = match step.source.as_str() {
                "s3.amazonaws.com" => EntityKind::Bucket,
                "kms.amazonaws.com" => EntityKind::Key,
                _ => super::cast::kind_of(target),
            };
            let target = making.node(kind, target);
            making.edge(actor, target, "acted-on", time, id);
        }
    }
    let around = steps.first().map(|step| step.time);
    let around = around.or_else(|| network.flows.as_ref().map(|flows| flows.claim.first));
    making.network(network, around.unwrap_or(Timestamp::from_micros(0)));
    for threat in threats {
        let event = threat.evidence.first().map_or("", |seen| seen.event_id.as_str());
        let entity = making.node(threat.entity.kind, &threat.entity.id);
        let finding = making.node(EntityKind::Resource, &format!("finding:{}", threat.id));
        making.edge(finding, entity, "found", threat.first_seen, event);
    }
    making.graph
}
