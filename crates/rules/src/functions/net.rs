//! Functions of addresses, ports and ARNs.

use core::net::IpAddr;
use std::sync::LazyLock;

use haechi_model::Arn;
use ipnet::IpNet;

use super::of_text;
use crate::frame::Frame;
use crate::value::Val;

/// An address block; a bare address is a block of one.
fn block(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

pub fn cidr_is_world<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let world = |text: &str| text.contains('/') && block(text).is_some_and(|net| net.prefix_len() == 0);
    Val::Bool(arguments[0].text().is_some_and(world))
}

pub fn cidr_contains<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let net = |at: usize| arguments[at].text().and_then(block);
    Val::Bool(net(0).zip(net(1)).is_some_and(|(outer, inner)| outer.contains(&inner)))
}

/// Whether some address of the block can be reached on the internet.
pub fn ip_is_public<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    static BLOCKS: LazyLock<Vec<IpNet>> = LazyLock::new(|| NOT_PUBLIC.iter().filter_map(|text| block(text)).collect());
    let public = |net: IpNet| !BLOCKS.iter().any(|inner| inner.contains(&net));
    Val::Bool(arguments[0].text().and_then(block).is_some_and(public))
}

/// Blocks of the IANA registries of special addresses that no router of the internet forwards.
const NOT_PUBLIC: [&str; 21] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "100::/64",
    "2001:db8::/32",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

/// Whether a port lies in a range. A bound that is absent or -1 is open.
pub fn port_in_range<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let port = |value: &Val<'_>| match value {
        Val::Int(int) => Some(*int),
        other => other.text().and_then(|text| text.trim().parse().ok()),
    };
    let Some(wanted) = port(&arguments[0]) else { return Val::Bool(false) };
    let bound = |at: usize, open: i64| match &arguments[at] {
        Val::Null => Some(open),
        value => port(value).map(|port| if port == -1 { open } else { port }),
    };
    Val::Bool(bound(1, 0).zip(bound(2, 65_535)).is_some_and(|(from, to)| (from..=to).contains(&wanted)))
}

fn arn_part<'a>(arguments: &[Val<'a>], name: &str, part: fn(&Arn) -> &str) -> Val<'a> {
    if !arguments[0].is_null() && arguments[0].text().is_none() {
        return Val::failed(format!("`{name}` needs a text, not a value of type {}", arguments[0].type_name()));
    }
    of_text(name, &arguments[0], |text| match Arn::parse(text) {
        Ok(arn) if !part(&arn).is_empty() => Val::made(part(&arn)),
        _ => Val::Null,
    })
}

pub fn arn_partition<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    arn_part(arguments, "arnPartition", |arn| arn.partition())
}

pub fn arn_service<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    arn_part(arguments, "arnService", |arn| arn.service())
}

pub fn arn_region<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    arn_part(arguments, "arnRegion", |arn| arn.region())
}

pub fn arn_account<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    arn_part(arguments, "arnAccount", |arn| arn.account())
}

/// What stands behind the last `/` or `:` of the resource.
pub fn arn_name<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    arn_part(arguments, "arnName", |arn| arn.resource().rsplit(['/', ':']).next().unwrap_or_default())
}
