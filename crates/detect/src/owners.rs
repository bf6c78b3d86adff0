//! Whose network interface it is: the instance or the function behind it, as the recorded organization says.

use core::net::IpAddr;
use std::collections::HashMap;

use serde_json::Value;

use crate::intel::number;

/// What an interface belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    Instance(Box<str>),
    /// A function of Lambda, by its name.
    Function(Box<str>),
    /// A load balancer, a NAT gateway, an endpoint, ...
    Other(Box<str>),
}

/// The interfaces that were recorded.
#[derive(Debug, Clone, Default)]
pub struct Owners {
    interfaces: HashMap<Box<str>, Owner>,
    /// Addresses of each interface, in one list by the interface's place.
    addresses: HashMap<u128, Box<str>>,
}

impl Owners {
    /// Takes a configuration item; what is no network interface is passed over.
    pub fn add(&mut self, item: &Value) {
        if item.get("resourceType").and_then(Value::as_str) != Some("AWS::EC2::NetworkInterface") {
            return;
        }
        let configuration = item.get("configuration").unwrap_or(&Value::Null);
        let text = |pointer: &str| configuration.pointer(pointer).and_then(Value::as_str);
        let id = text("/networkInterfaceId").or_else(|| item.get("resourceId").and_then(Value::as_str));
        let Some(id) = id else { return };
        let description = text("/description").unwrap_or_default();
        let kind = text("/interfaceType").unwrap_or_default();
        let owner = if let Some(instance) = text("/attachment/instanceId") {
            Owner::Instance(instance.into())
        } else if kind == "lambda" || description.starts_with(LAMBDA) {
            Owner::Function(function(description).into())
        } else {
            Owner::Other(if kind.is_empty() { description } else { kind }.into())
        };
        let list = |name: &str| configuration.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let private = list("privateIpAddresses").iter().filter_map(|one| one.get("privateIpAddress")?.as_str());
        let six = list("ipv6Addresses").iter().filter_map(|one| one.get("ipv6Address")?.as_str());
        let addresses =
            private.chain(six).chain(text("/privateIpAddress")).filter_map(|one| one.parse::<IpAddr>().ok());
        for address in addresses {
            self.addresses.insert(number(address), id.into());
        }
        self.interfaces.insert(id.into(), owner);
    }

    pub fn is_empty(&self) -> bool {
        self.interfaces.is_empty()
    }

    pub fn of(&self, interface: &str) -> Option<&Owner> {
        self.interfaces.get(interface)
    }

    /// The recorded interfaces of an instance or a function.
    pub(crate) fn interfaces_of<'o>(&'o self, owner: &'o str) -> impl Iterator<Item = &'o str> {
        let is = move |known: &Owner| match known {
            Owner::Instance(id) | Owner::Function(id) => **id == *owner,
            Owner::Other(_) => false,
        };
        self.interfaces.iter().filter(move |(_, known)| is(known)).map(|(name, _)| &**name)
    }

    /// The recorded addresses of an interface.
    pub(crate) fn addresses_of<'o>(&'o self, interface: &'o str) -> impl Iterator<Item = u128> + 'o {
        self.addresses.iter().filter(move |(_, owner)| ***owner == *interface).map(|(address, _)| *address)
    }

    /// The address is recorded as one of this interface's. Networks reuse addresses: another's record says nothing.
    pub(crate) fn has(&self, interface: &str, address: u128) -> bool {
        self.addresses.get(&address).is_some_and(|owner| **owner == *interface)
    }
}

const LAMBDA: &str = "AWS Lambda VPC ENI-";

/// `AWS Lambda VPC ENI-my-function-1f3c6d2e-...`: the name stands before a UUID.
fn function(description: &str) -> &str {
    let name = description.strip_prefix(LAMBDA).unwrap_or(description);
    let cut = name.len().saturating_sub(37);
    let uuid = name
        .get(cut..)
        .is_some_and(|end| end.starts_with('-') && end.bytes().filter(|byte| *byte == b'-').count() == 5);
    if uuid { &name[..cut] } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(configuration: Value, expected: Option<Owner>) {
        let mut owners = Owners::default();
        owners.add(&serde_json::json!({"resourceType": "AWS::EC2::NetworkInterface", "resourceId": "eni-1", "configuration": configuration}));
        assert_eq!(owners.of("eni-1"), expected.as_ref());
    }

    #[test]
    fn owners_are_told() {
        let private = serde_json::json!([{"privateIpAddress": "10.0.0.5"}]);
        check(
            serde_json::json!({"attachment": {"instanceId": "i-1"}, "privateIpAddresses": private}),
            Some(Owner::Instance("i-1".into())),
        );
        check(
            serde_json::json!({"interfaceType": "lambda", "description": "AWS Lambda VPC ENI-send-mail-0f8fad5b-d9cb-469f-a165-70867728950e"}),
            Some(Owner::Function("send-mail".into())),
        );
        check(serde_json::json!({"interfaceType": "nat_gateway"}), Some(Owner::Other("nat_gateway".into())));
        let mut owners = Owners::default();
        owners.add(&serde_json::json!({"resourceType": "AWS::EC2::Instance", "resourceId": "i-1"}));
        assert!(owners.is_empty());
    }
}
