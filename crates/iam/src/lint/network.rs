//! Checks of addresses: `aws:SourceIp` sees public addresses only, and a range is written by its first address.

use core::net::IpAddr;

use super::json::Member;
use super::{Check, Out};
use crate::operator::{Comparison, Operator};
use crate::value::range;

pub(super) fn check(operator: Operator, key: &Member<'_>, out: &mut Out<'_>) {
    let negated = match operator.comparison {
        Comparison::IpAddress => false,
        Comparison::NotIpAddress => true,
        _ => return,
    };
    let values: Vec<_> = key.node.items().iter().filter_map(|item| Some((item.text()?, item.span))).collect();
    let ranges: Vec<_> = values.iter().filter_map(|&(text, span)| Some((text, span, range(text)?))).collect();
    for (text, span, range) in &ranges {
        if text.contains('/') && range.addr() != range.network() {
            let better = format!("{}/{}", range.network(), range.prefix_len());
            let arguments = vec![("value", super::clip(text)), ("better", better)];
            out.find_with(Check::ImproveIpRange, *span, arguments, None);
        }
    }
    if !key.key.eq_ignore_ascii_case("aws:SourceIp") || ranges.is_empty() {
        return;
    }
    let private: Vec<_> = ranges.iter().filter(|(_, _, range)| is_private(range)).collect();
    if private.len() == ranges.len() {
        let check = if negated { Check::PrivateNotIpAddress } else { Check::PrivateIpAddress };
        out.find_named(check, key.node.span, "key", &key.key);
        return;
    }
    let check = if negated { Check::PrivateNotIpAddressSubset } else { Check::PrivateIpAddressSubset };
    for (text, span, _) in private {
        out.find_named(check, *span, "value", text);
    }
}

/// Whether all addresses of a range are private: of RFC 1918, shared, link-local, loopback or unique local.
fn is_private(range: &ipnet::IpNet) -> bool {
    const PRIVATE: [&str; 8] = [
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
    ];
    let network: IpAddr = range.network();
    PRIVATE
        .iter()
        .filter_map(|text| text.parse::<ipnet::IpNet>().ok())
        .any(|private| private.contains(&network) && range.prefix_len() >= private.prefix_len())
}
