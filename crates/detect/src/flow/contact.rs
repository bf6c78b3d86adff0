//! Who talks with whom: which side of a flow is ours, who began, and the port that is meant.

use core::net::IpAddr;

use haechi_model::event::{Flow, FlowAction, FlowDirection, is_public};

use crate::intel::number;
use crate::owners::Owners;

pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;

/// A flow as our side sees it. Where the line does not tell which side is ours, the lower address stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) local: u128,
    pub(crate) remote: u128,
    /// The server's port; 0 of protocols that have none.
    pub(crate) port: u16,
    /// The client's.
    pub(crate) client_port: u16,
    /// Our side began.
    pub(crate) client: bool,
    /// From us to the other side.
    pub(crate) out: bool,
    /// Which side is ours is known.
    pub(crate) sure: bool,
}

/// What a port is likely to be: the lower the number, the more a server's.
fn rank(port: u16) -> u8 {
    match port {
        1..=1023 => 0,
        1433 | 1434 | 1521 | 2049 | 2375 | 2376 | 2379 | 3128 | 3306 | 3389 | 4333 | 5000 | 5060 | 5432 | 5439
        | 5671 | 5672 | 5900 | 5985 | 5986 | 6379 | 6443 | 6667 | 7000 | 7001 | 8000 | 8008 | 8042 | 8080 | 8081
        | 8088 | 8333 | 8443 | 8888 | 9000 | 9001 | 9030 | 9042 | 9092 | 9200 | 9300 | 9418 | 10250 | 11211 | 14444
        | 18080 | 27017 | 33060 => 1,
        0 => 4,
        1024..=32_767 => 2,
        _ => 3,
    }
}

/// True when the source of the packets is the one that began.
fn source_began(flow: &Flow<'_>) -> Option<bool> {
    const SYN: u16 = 2;
    const ACK: u16 = 16;
    if flow.protocol == TCP
        && let Some(flags) = flow.tcp_flags
        && flags & SYN != 0
    {
        return Some(flags & ACK == 0);
    }
    // What is refused is a beginning: answers to what was let out are let in.
    if flow.action == FlowAction::Reject {
        return Some(true);
    }
    let (source, target) = (rank(flow.source_port), rank(flow.destination_port));
    match source.cmp(&target) {
        core::cmp::Ordering::Greater => Some(true),
        core::cmp::Ordering::Less => Some(false),
        core::cmp::Ordering::Equal if flow.source_port == flow.destination_port => None,
        core::cmp::Ordering::Equal => Some(flow.destination_port < flow.source_port),
    }
}

impl Contact {
    /// None of lines without addresses.
    pub(crate) fn of(flow: &Flow<'_>, owners: &Owners) -> Option<Self> {
        let (source, target) = (flow.source?, flow.destination?);
        let (out, sure) = match flow.direction {
            Some(direction) if !flow.transit => (direction == FlowDirection::Egress, true),
            _ => match (is_public(source), is_public(target)) {
                (false, true) => (true, true),
                (true, false) => (false, true),
                _ if !owners.is_empty() && owners.has(flow.interface, number(source)) => (true, true),
                _ if !owners.is_empty() && owners.has(flow.interface, number(target)) => (false, true),
                _ => (number(source) < number(target), false),
            },
        };
        // What an interface passes on for others is told by the packet's own addresses.
        let (local, remote) = if out {
            (source, flow.packet_destination.unwrap_or(target))
        } else {
            (target, flow.packet_source.unwrap_or(source))
        };
        let ports = matches!(flow.protocol, TCP | UDP) || flow.source_port != 0 || flow.destination_port != 0;
        let (client, port, client_port) = if !ports {
            (true, 0, 0)
        } else {
            let source_began = source_began(flow).unwrap_or(out);
            let (client_port, port) = if source_began {
                (flow.source_port, flow.destination_port)
            } else {
                (flow.destination_port, flow.source_port)
            };
            (source_began == out, port, client_port)
        };
        Some(Self { local: number(local), remote: number(remote), port, client_port, client, out, sure })
    }
}

/// The address that a number stands for, as it is written.
pub(crate) fn address(number: u128) -> IpAddr {
    IpAddr::V6(number.into()).to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use haechi_model::event::Place;
    use std::path::Path;

    fn flow(ends: (&str, u16, &str, u16)) -> Flow<'static> {
        let mut flow = Flow::of_line("", Place { file: Path::new(""), record: 1 });
        (flow.source, flow.source_port) = (ends.0.parse().ok(), ends.1);
        (flow.destination, flow.destination_port) = (ends.2.parse().ok(), ends.3);
        flow.protocol = TCP;
        flow
    }

    /// local, remote, port, client, out, sure
    fn check(flow: &Flow<'_>, expected: (&str, &str, u16, bool, bool, bool)) {
        let contact = Contact::of(flow, &Owners::default()).unwrap();
        let (local, remote) = (address(contact.local).to_string(), address(contact.remote).to_string());
        let found = (&*local, &*remote, contact.port, contact.client, contact.out, contact.sure);
        assert_eq!(found, expected, "{flow:?}");
    }

    #[test]
    fn sides_are_told() {
        let out = flow(("10.0.0.5", 44_000, "203.0.113.9", 443));
        check(&out, ("10.0.0.5", "203.0.113.9", 443, true, true, true));
        let answer = flow(("203.0.113.9", 443, "10.0.0.5", 44_000));
        check(&answer, ("10.0.0.5", "203.0.113.9", 443, true, false, true));
        let probe = flow(("203.0.113.9", 51_000, "10.0.0.5", 22));
        check(&probe, ("10.0.0.5", "203.0.113.9", 22, false, false, true));
        // Within a network nobody knows whose line it is.
        let inside = flow(("10.0.0.9", 51_000, "10.0.0.5", 22));
        check(&inside, ("10.0.0.5", "10.0.0.9", 22, false, false, false));
        // The flags say more than the ports.
        let mut scan = flow(("10.0.0.5", 40_000, "203.0.113.9", 60_000));
        check(&scan, ("10.0.0.5", "203.0.113.9", 40_000, false, true, true));
        scan.tcp_flags = Some(2);
        check(&scan, ("10.0.0.5", "203.0.113.9", 60_000, true, true, true));
        scan.tcp_flags = Some(18);
        check(&scan, ("10.0.0.5", "203.0.113.9", 40_000, false, true, true));
        // Who is refused began, whatever the ports.
        let mut refused = flow(("203.0.113.9", 2000, "10.0.0.5", 50_000));
        check(&refused, ("10.0.0.5", "203.0.113.9", 2000, true, false, true));
        refused.action = FlowAction::Reject;
        check(&refused, ("10.0.0.5", "203.0.113.9", 50_000, false, false, true));
        // The direction says more than the addresses.
        let mut six = flow(("2600:1f18::5", 44_000, "2001:db8::1", 443));
        six.direction = Some(FlowDirection::Egress);
        check(&six, ("2600:1f18::5", "2001:db8::1", 443, true, true, true));
        // A pod behind the interface of its node.
        let mut pod = flow(("203.0.113.9", 443, "10.0.0.5", 44_000));
        (pod.direction, pod.packet_source) = (Some(FlowDirection::Ingress), "203.0.113.10".parse().ok());
        check(&pod, ("10.0.0.5", "203.0.113.10", 443, true, false, true));
        let mut ping = flow(("10.0.0.5", 0, "203.0.113.9", 0));
        ping.protocol = 1;
        check(&ping, ("10.0.0.5", "203.0.113.9", 0, true, true, true));
    }
}
