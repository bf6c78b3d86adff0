//! One line of a flow log, typed: who talked with whom, how much, and whether it was let through.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Place;
use crate::time::Timestamp;

/// What the security groups and network ACLs did with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum FlowAction {
    Accept,
    Reject,
    /// Transit gateways do not say it.
    #[default]
    Unsaid,
}

/// Seen from the interface that was watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowDirection {
    Ingress,
    Egress,
}

/// A line of a flow log. What its format does not have is empty or none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow<'a> {
    /// The line, without the time that CloudWatch Logs may put before it.
    pub line: &'a str,
    pub place: Place<'a>,
    /// The owner of the interface.
    pub account: &'a str,
    pub region: &'a str,
    /// The network interface, or the attachment of a transit gateway.
    pub interface: &'a str,
    pub instance: &'a str,
    pub vpc: &'a str,
    pub source: Option<IpAddr>,
    pub destination: Option<IpAddr>,
    /// The packet's own addresses, where the interface passes on what is another's (NAT, EKS).
    pub packet_source: Option<IpAddr>,
    pub packet_destination: Option<IpAddr>,
    pub source_port: u16,
    pub destination_port: u16,
    /// IANA's number: 6 is TCP, 17 is UDP.
    pub protocol: u8,
    pub packets: u64,
    pub bytes: u64,
    /// Seconds since 1970.
    pub start: i64,
    pub end: i64,
    pub action: FlowAction,
    /// The flags of all packets together.
    pub tcp_flags: Option<u16>,
    pub direction: Option<FlowDirection>,
    /// It is a line of a transit gateway: neither side need be the watched one.
    pub transit: bool,
}

impl<'a> Flow<'a> {
    /// A flow of which nothing is known yet.
    pub const fn of_line(line: &'a str, place: Place<'a>) -> Self {
        Self {
            line,
            place,
            account: "",
            region: "",
            interface: "",
            instance: "",
            vpc: "",
            source: None,
            destination: None,
            packet_source: None,
            packet_destination: None,
            source_port: 0,
            destination_port: 0,
            protocol: 0,
            packets: 0,
            bytes: 0,
            start: 0,
            end: 0,
            action: FlowAction::Unsaid,
            tcp_flags: None,
            direction: None,
            transit: false,
        }
    }

    pub fn time(&self) -> Timestamp {
        Timestamp::from_seconds(self.start)
    }

    /// A number for the line: the same line has the same one wherever it is read. Flow logs have no ids, and each
    /// line needs one: it is made fast, and is no proof of anything.
    pub fn fingerprint(&self) -> u64 {
        let fold = |a: u64, b: u64| {
            let product = u128::from(a) * u128::from(b);
            (product as u64) ^ (product >> 64) as u64
        };
        let bytes = self.line.as_bytes();
        let mut chunks = bytes.chunks_exact(8);
        let mut state = 0x243f_6a88_85a3_08d3 ^ bytes.len() as u64;
        for chunk in &mut chunks {
            let word = chunk.try_into().map_or(0, u64::from_le_bytes);
            state = fold(state ^ word, 0x9e37_79b9_7f4a_7c15).wrapping_add(word);
        }
        let mut tail = [0; 8];
        tail[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        fold(state ^ u64::from_le_bytes(tail), 0x1319_8a2e_0370_7345)
    }

    /// The fingerprint as the id of an event.
    pub fn id(&self) -> String {
        Self::id_of(self.fingerprint())
    }

    pub fn id_of(fingerprint: u64) -> String {
        format!("flow-{fingerprint:016x}")
    }
}

/// True of addresses that the internet routes: not of private, link-local, shared, documentation and other such.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(|| is_public_v6(address), is_public_v4),
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0)
            | (198, 18..=19, _)
    )
}

const fn is_public_v6(address: Ipv6Addr) -> bool {
    // Of all of IPv6, 2000::/3 is given out.
    address.segments()[0] & 0xE000 == 0x2000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses() {
        for text in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2600:1f18::1", "::ffff:8.8.8.8", "198.51.100.7"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.1.1",
            "224.0.0.1",
            "fd00:ec2::254",
            "fe80::1",
            "::1",
            "0.0.0.0",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }
}
