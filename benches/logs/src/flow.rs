//! Makes VPC flow logs: version 2 as it is by default, and a custom format with every field of version 5 in an order of
//! its own. Clients and servers talk within a network and with the world; some of the world tries doors.

use std::io::Write as _;

use super::organization::{Organization, id};
use super::random::{Random, hash};

pub const PLAIN: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
pub const CUSTOM: &str = "start end region az-id vpc-id subnet-id instance-id interface-id account-id action log-status protocol tcp-flags type srcaddr srcport pkt-srcaddr pkt-src-aws-service dstaddr dstport pkt-dstaddr pkt-dst-aws-service packets bytes flow-direction traffic-path version";

const SERVICES: [(u16, u16); 10] =
    [(443, 6), (80, 6), (5432, 6), (3306, 6), (6379, 6), (53, 17), (8080, 6), (9092, 6), (22, 6), (2049, 6)];

struct Flow {
    source: [u8; 4],
    target: [u8; 4],
    ports: (u16, u16),
    protocol: u16,
    packets: u64,
    bytes: u64,
    rejected: bool,
    inbound: bool,
}

fn flow(network: u64, own: [u8; 4], random: &mut Random) -> Flow {
    let outside =
        |number: u64| [198, 18 + (number >> 8 & 1) as u8, (number >> 16) as u8, 1 + ((number >> 24) % 254) as u8];
    let inside = |number: u64| [10, (network % 200) as u8, (number % 16) as u8, 4 + (number >> 8) as u8 % 250];
    // Of a hundred flows, 25 are of somebody outside who tries a door that is shut.
    if random.below(100) < 25 {
        let who = outside(hash(network, random.skewed(3000)));
        let port = if random.one_in(3) {
            random.below(65_535) as u16
        } else {
            [22, 23, 445, 3389, 8080, 5900][random.below(6) as usize]
        };
        let ports = (random.below(64_000) as u16 + 1024, port);
        return Flow {
            source: who,
            target: own,
            ports,
            protocol: 6,
            packets: 1,
            bytes: 40 + random.below(3) * 4,
            rejected: true,
            inbound: true,
        };
    }
    let (port, protocol) = SERVICES[random.skewed(10) as usize];
    let peer = random.skewed(400);
    let peer = if random.one_in(3) { outside(hash(network ^ 5, peer)) } else { inside(hash(network ^ 6, peer)) };
    let ephemeral = random.below(28_000) as u16 + 32_768;
    let packets = 1 + random.skewed(400);
    let bytes = packets * (60 + random.below(1200));
    let (inbound, answer) = (random.one_in(2), random.one_in(2));
    let (source, target) = if inbound { (peer, own) } else { (own, peer) };
    let ports = if answer { (port, ephemeral) } else { (ephemeral, port) };
    Flow { source, target, ports, protocol, packets, bytes, rejected: random.one_in(25), inbound }
}

fn address([a, b, c, d]: [u8; 4], out: &mut Vec<u8>) {
    let _ = write!(out, "{a}.{b}.{c}.{d}");
}

/// One file: the flows of one account in ten minutes.
pub fn file(organization: &Organization, number: u64, lines: u64, custom: bool, out: &mut Vec<u8>) {
    let account = number % organization.accounts;
    let mut random = Random::new(hash(organization.seed ^ 0xF10, number));
    let begin = super::cloudtrail::START + number / organization.accounts * 600;
    let name = organization.account(account);
    let region = organization.region(account, 0);
    out.extend_from_slice(if custom { CUSTOM } else { PLAIN }.as_bytes());
    out.push(b'\n');
    for line in 0..lines {
        let card = random.skewed(60);
        let own = [10, (account % 200) as u8, (card % 16) as u8, 4 + card as u8];
        let start = begin + line * 600 / lines;
        let end = start + 30 + random.below(30);
        if random.one_in(2000) {
            nothing(organization, account, card, start, end, custom, out);
            continue;
        }
        let flow = flow(account, own, &mut random);
        let action = if flow.rejected { "REJECT" } else { "ACCEPT" };
        let Flow { ports: (from, to), protocol, packets, bytes, .. } = flow;
        if custom {
            let _ = write!(out, "{start} {end} {region} use1-az1 ");
            for (prefix, most) in [("vpc", 1), ("subnet", 16), ("i", 60), ("eni", 60)] {
                id(prefix, account, card % most, out);
                out.push(b' ');
            }
            let flags = if protocol == 6 { 2 + random.below(2) * 17 } else { 0 };
            let _ = write!(out, "{name:012} {action} OK {protocol} {flags} IPv4 ");
            address(flow.source, out);
            let _ = write!(out, " {from} ");
            address(flow.source, out);
            out.extend_from_slice(b" - ");
            address(flow.target, out);
            let _ = write!(out, " {to} ");
            address(flow.target, out);
            let (direction, path) = if flow.inbound { ("ingress", "-") } else { ("egress", "1") };
            let _ = writeln!(out, " - {packets} {bytes} {direction} {path} 5");
        } else {
            let _ = write!(out, "2 {name:012} ");
            id("eni", account, card, out);
            out.push(b' ');
            address(flow.source, out);
            out.push(b' ');
            address(flow.target, out);
            let _ = writeln!(out, " {from} {to} {protocol} {packets} {bytes} {start} {end} {action} OK");
        }
    }
}

/// A card that saw nothing says so.
fn nothing(
    organization: &Organization,
    account: u64,
    card: u64,
    start: u64,
    end: u64,
    custom: bool,
    out: &mut Vec<u8>,
) {
    let name = organization.account(account);
    if custom {
        let _ = write!(out, "{start} {end} {} use1-az1 ", organization.region(account, 0));
        for (prefix, most) in [("vpc", 1), ("subnet", 16), ("i", 60), ("eni", 60)] {
            id(prefix, account, card % most, out);
            out.push(b' ');
        }
        let _ = writeln!(out, "{name:012} - NODATA - - - - - - - - - - - - - - - 5");
    } else {
        let _ = write!(out, "2 {name:012} ");
        id("eni", account, card, out);
        let _ = writeln!(out, " - - - - - - - {start} {end} - NODATA");
    }
}
