//! What is looked for in flows: the `engine: {name: flow, parameters: {finds: ...}}` of detection files.

use std::collections::BTreeMap;

use haechi_content::{DetectionFile, Need};
use haechi_model::ThreatScore;
use serde_json::Value;

use super::bit;

/// A detection over flows.
#[derive(Debug, Clone)]
pub(crate) struct FlowRule {
    pub(crate) file: DetectionFile,
    pub(crate) finds: Finds,
    /// Interfaces of functions, or all others.
    pub(crate) functions: bool,
    /// So many: of what, the logic says.
    pub(crate) at_least: u64,
    /// Ports that are meant; none: any.
    pub(crate) ports: Vec<u16>,
    /// Ports that are another detection's.
    pub(crate) except: Vec<u16>,
    /// Seconds of history without which there is no finding.
    pub(crate) warm_up: i64,
    /// Only what our side does to others, or only what is done to us.
    pub(crate) side: Side,
    /// The severity where our side is the one that attacks.
    pub(crate) as_actor: Option<ThreatScore>,
    /// The severity on certain ports.
    pub(crate) on_ports: BTreeMap<u16, ThreatScore>,
}

/// On which side the attacker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Either,
    Ours,
    Theirs,
}

/// The logic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finds {
    /// We talk to an address that is on the detection's list.
    Listed,
    /// Relays of Tor come to us as we go to them.
    TorRelay,
    Denial(Denial),
    /// Mail to many servers by one that did not send mail before.
    Spam,
    /// One port of many addresses.
    Sweep,
    /// Many ports of one address.
    Scan,
    BruteForce,
    /// An address on the list came in at a port.
    Probe,
    /// A server's port that this interface never used.
    UnusualPort,
    UnusualVolume,
    /// A server of DNS outside that this interface never used; where the detection has a list, one that is on it.
    UnusualResolver,
}

/// By which traffic others are drowned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    Dns,
    Tcp,
    Udp,
    UdpOnTcpPorts,
    UnusualProtocol,
}

const FINDS: [(&str, Finds); 15] = [
    ("listed", Finds::Listed),
    ("tor-relay", Finds::TorRelay),
    ("denial-dns", Finds::Denial(Denial::Dns)),
    ("denial-tcp", Finds::Denial(Denial::Tcp)),
    ("denial-udp", Finds::Denial(Denial::Udp)),
    ("denial-udp-on-tcp-ports", Finds::Denial(Denial::UdpOnTcpPorts)),
    ("denial-unusual-protocol", Finds::Denial(Denial::UnusualProtocol)),
    ("spam", Finds::Spam),
    ("port-sweep", Finds::Sweep),
    ("port-scan", Finds::Scan),
    ("brute-force", Finds::BruteForce),
    ("port-probe", Finds::Probe),
    ("unusual-port", Finds::UnusualPort),
    ("unusual-volume", Finds::UnusualVolume),
    ("unusual-resolver", Finds::UnusualResolver),
];

impl FlowRule {
    /// The name of this logic in detection files.
    pub(crate) const ENGINE: &'static str = "flow";

    /// Compiles a detection whose engine is this one.
    pub(crate) fn compile(file: &DetectionFile) -> Result<Self, String> {
        let empty = BTreeMap::new();
        let parameters = file.engine.as_ref().map_or(&empty, |engine| &engine.parameters);
        let text = |name: &str| parameters.get(name).and_then(Value::as_str);
        let known = [
            "finds",
            "of",
            "at-least",
            "ports",
            "except-ports",
            "warm-up-days",
            "side",
            "severity-as-actor",
            "severity-on-ports",
        ];
        if let Some(name) = parameters.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(format!("`{name}` is no parameter of `flow`: {}", known.join(", ")));
        }
        let names = || FINDS.map(|(name, _)| name).join(", ");
        let finds = text("finds").ok_or_else(|| format!("`finds` is missing: {}", names()))?;
        let (_, finds) = FINDS
            .iter()
            .find(|(name, _)| *name == finds)
            .ok_or_else(|| format!("`{finds}` is none of: {}", names()))?;
        let functions = match text("of") {
            None | Some("instance") => false,
            Some("function") => true,
            Some(other) => return Err(format!("`of: {other}` is neither `instance` nor `function`")),
        };
        let side = match text("side") {
            None => Side::Either,
            Some("actor") => Side::Ours,
            Some("target") => Side::Theirs,
            Some(other) => return Err(format!("`side: {other}` is neither `actor` nor `target`")),
        };
        let score = |value: &Value| {
            value.as_f64().ok_or_else(|| "a severity is a number".to_owned()).and_then(ThreatScore::new)
        };
        let on_ports = match parameters.get("severity-on-ports").and_then(Value::as_object) {
            None => BTreeMap::new(),
            Some(ports) => {
                let one = |(port, value): (&String, &Value)| {
                    let port = port.parse().map_err(|_| format!("`{port}` is no port"))?;
                    Ok::<_, String>((port, score(value)?))
                };
                ports.iter().map(one).collect::<Result<_, _>>()?
            }
        };
        let needs_list = matches!(finds, Finds::Listed | Finds::TorRelay | Finds::Probe);
        if needs_list && lists(file).next().is_none() {
            return Err("this logic looks at a list: name it under `needs`".to_owned());
        }
        Ok(Self {
            finds: *finds,
            functions,
            side,
            at_least: number(parameters, "at-least")?.unwrap_or(1),
            ports: ports(parameters, "ports")?,
            except: ports(parameters, "except-ports")?,
            warm_up: number(parameters, "warm-up-days")?.unwrap_or(14) as i64 * 86_400,
            as_actor: parameters.get("severity-as-actor").map(score).transpose()?,
            on_ports,
            file: file.clone(),
        })
    }

    /// The lists of addresses that it looks at.
    pub(crate) fn lists(&self) -> impl Iterator<Item = Need> {
        lists(&self.file)
    }

    /// Of these lists, one is the detection's.
    pub(crate) fn is_on(&self, bits: u32) -> bool {
        self.lists().any(|need| bits & bit(need) != 0)
    }

    pub(crate) fn means(&self, port: u16) -> bool {
        (self.ports.is_empty() || self.ports.contains(&port)) && !self.except.contains(&port)
    }
}

fn lists(file: &DetectionFile) -> impl Iterator<Item = Need> {
    let no_list = [Need::Inventory, Need::Geo, Need::Asn, Need::AwsRanges];
    file.needs.iter().copied().filter(move |need| !no_list.contains(need) && !need.is_domains())
}

fn number(parameters: &BTreeMap<String, Value>, name: &str) -> Result<Option<u64>, String> {
    let read = |value: &Value| value.as_u64().ok_or_else(|| format!("`{name}` is a whole number"));
    parameters.get(name).map(read).transpose()
}

fn ports(parameters: &BTreeMap<String, Value>, name: &str) -> Result<Vec<u16>, String> {
    let Some(list) = parameters.get(name) else { return Ok(Vec::new()) };
    let wrong = || format!("`{name}` is a list of ports");
    let one = |value: &Value| value.as_u64().and_then(|port| u16::try_from(port).ok()).ok_or_else(wrong);
    list.as_array().ok_or_else(wrong)?.iter().map(one).collect()
}
