//! The shape of a detection file: header, logic, examples. `docs/writing-detections.md` explains each member.
//!
//! What an event must be like stands under `match`, in the form of Sigma's `detection`; what must come together
//! before there is a threat stands under one of `count`, `sequence`, `baseline`, `volume`, `engine` and `threats`.
//! With none of them, each event that matches is one.

use std::collections::BTreeMap;

use haechi_model::{EntityKind, Log, ThreatOrigin, ThreatScore, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::content::Origin;
use crate::source::{Diagnostic, Source};
use crate::text::Text;
use crate::yaml::Node;

/// One file of `content/detections/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DetectionFile {
    pub schema: u32,
    /// GuardDuty's finding type, or `Purpose:Service/Name` of Haechi's own.
    pub id: String,
    pub origin: ThreatOrigin,
    /// In a folder of the user's own: this file stands for Haechi's detection of the same id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overrides: bool,
    pub title: Text,
    pub why: Text,
    /// GuardDuty's number, 1.0 to 10.0.
    pub severity: ThreatScore,
    /// Other severities, by what a threat says: the first that holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub severity_when: Vec<SeverityWhen>,
    /// The logs that it reads.
    pub logs: Vec<Log>,
    /// ATT&CK techniques, such as `T1562.008`.
    #[serde(default)]
    pub attack: Vec<String>,
    /// Without one of these it is inactive, and said to be.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// Sigma's `detection`: selections and a `condition`.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matches: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<Sequence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<Volume>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threats: Option<Threats>,
    /// What the finding is about; without it the principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityOf>,
    /// What to look for in the evidence: a field whose value is the target of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// One sentence with placeholders: `{ $principal }`, `{ $api }`, ... and those of `args`.
    pub says: Text,
    /// Name and field.
    #[serde(default)]
    pub args: BTreeMap<String, String>,
    /// What to do, and the playbooks of `content/playbooks` that help.
    pub response: Response,
    #[serde(default)]
    pub references: Vec<String>,
    pub examples: Vec<DetectionExample>,
}

/// A list or a database that Haechi does not ship, or a record of the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Addresses that somebody reputable says are malicious.
    ThreatAddresses,
    /// Addresses on a threat list of the user's own.
    CustomThreatAddresses,
    /// Domains on a threat list of the user's own.
    CustomThreatDomains,
    TorExits,
    TorRelays,
    CommandAndControlAddresses,
    CommandAndControlDomains,
    MiningAddresses,
    MiningDomains,
    BlackholeAddresses,
    BlackholeDomains,
    DropPointAddresses,
    DropPointDomains,
    PhishingDomains,
    DriveByDomains,
    MaliciousDomains,
    SuspiciousDomains,
    AbusedDomains,
    /// Domains that known malware makes up.
    DgaDomains,
    /// Public DNS-over-HTTPS and DNS-over-TLS servers, and public resolvers.
    PublicResolvers,
    /// A database of countries and cities by address (.mmdb).
    Geo,
    /// A database of networks by address (.mmdb).
    Asn,
    /// AWS's `ip-ranges.json`.
    AwsRanges,
    /// The recorded organization: whose interface, instance or function it is.
    Inventory,
}

impl Need {
    pub const ALL: [Need; 24] = [
        Need::ThreatAddresses,
        Need::CustomThreatAddresses,
        Need::CustomThreatDomains,
        Need::TorExits,
        Need::TorRelays,
        Need::CommandAndControlAddresses,
        Need::CommandAndControlDomains,
        Need::MiningAddresses,
        Need::MiningDomains,
        Need::BlackholeAddresses,
        Need::BlackholeDomains,
        Need::DropPointAddresses,
        Need::DropPointDomains,
        Need::PhishingDomains,
        Need::DriveByDomains,
        Need::MaliciousDomains,
        Need::SuspiciousDomains,
        Need::AbusedDomains,
        Need::DgaDomains,
        Need::PublicResolvers,
        Need::Geo,
        Need::Asn,
        Need::AwsRanges,
        Need::Inventory,
    ];

    /// The name that `--intel NAME=FILE` and the modifier `|list` use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Need::ThreatAddresses => "threat-addresses",
            Need::CustomThreatAddresses => "custom-threat-addresses",
            Need::CustomThreatDomains => "custom-threat-domains",
            Need::TorExits => "tor-exits",
            Need::TorRelays => "tor-relays",
            Need::CommandAndControlAddresses => "command-and-control-addresses",
            Need::CommandAndControlDomains => "command-and-control-domains",
            Need::MiningAddresses => "mining-addresses",
            Need::MiningDomains => "mining-domains",
            Need::BlackholeAddresses => "blackhole-addresses",
            Need::BlackholeDomains => "blackhole-domains",
            Need::DropPointAddresses => "drop-point-addresses",
            Need::DropPointDomains => "drop-point-domains",
            Need::PhishingDomains => "phishing-domains",
            Need::DriveByDomains => "drive-by-domains",
            Need::MaliciousDomains => "malicious-domains",
            Need::SuspiciousDomains => "suspicious-domains",
            Need::AbusedDomains => "abused-domains",
            Need::DgaDomains => "dga-domains",
            Need::PublicResolvers => "public-resolvers",
            Need::Geo => "geo",
            Need::Asn => "asn",
            Need::AwsRanges => "aws-ranges",
            Need::Inventory => "inventory",
        }
    }

    /// True of lists of addresses and domains: the others are databases and records.
    pub fn is_list(self) -> bool {
        !matches!(self, Need::Geo | Need::Asn | Need::Inventory)
    }

    /// True of lists of domains.
    pub fn is_domains(self) -> bool {
        self.as_str().ends_with("-domains")
    }
}

/// So many events that match, of one key, within a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Count {
    /// Fields that the key is made of; the account and region belong to it always.
    pub by: Vec<String>,
    pub within: Timespan,
    pub at_least: u64,
    /// Distinct values of this field are counted, instead of events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<String>,
}

/// Events of one key that follow each other within a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sequence {
    pub by: Vec<String>,
    pub within: Timespan,
    /// False: in any order.
    #[serde(default = "yes")]
    pub ordered: bool,
    /// Names of selections under `match`, in order. A step matches when its selection does, and `match`'s
    /// condition (which may then be left out) is not asked.
    pub steps: Vec<String>,
}

const fn yes() -> bool {
    true
}

/// What a principal (or another key) does that it, its role, its account or the organization never or rarely did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Baseline {
    /// Whose habits: fields. Without them the principal.
    #[serde(default)]
    pub by: Vec<String>,
    /// What may be new: `api`, `service`, `network` (/24 or /48, or ASN), `country`, `user-agent` (its family),
    /// `region`, `target`, or a field's path.
    pub factors: Vec<String>,
    /// Factors of which at least one must be new to the principal, besides the score.
    #[serde(default)]
    pub required: Vec<String>,
    /// The sum of the surprise of all factors, in bits, from which on there is a threat.
    pub surprise: f64,
    /// No finding before so much history of the key's account.
    #[serde(default = "Timespan::two_weeks")]
    pub warm_up: Timespan,
    /// After a finding, none of the same type and key for so long.
    #[serde(default = "Timespan::one_day")]
    pub cool_down: Timespan,
}

/// More, within an hour, than this key ever had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Volume {
    pub by: Vec<String>,
    /// A field that is added up; without it, events are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
    /// Fewer are never a threat.
    pub at_least: f64,
    /// How unlikely, in bits: 20 is one in a million.
    pub surprise: f64,
    #[serde(default = "Timespan::two_weeks")]
    pub warm_up: Timespan,
    #[serde(default = "Timespan::one_day")]
    pub cool_down: Timespan,
}

/// Logic in Rust, by its name in crate `detect`, with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Engine {
    pub name: String,
    #[serde(default)]
    pub parameters: BTreeMap<String, Value>,
}

/// Threats of one actor that together are an attack sequence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Threats {
    /// What they have in common: `principal`, `access-key`, `instance`, `bucket`, `cluster`, `address`.
    pub by: Vec<String>,
    pub within: Timespan,
    /// Groups of types (globs such as `*:IAMUser/*`): so many groups must be there.
    pub groups: Vec<Vec<String>>,
    pub at_least: u64,
}

/// A severity under conditions; all of them must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SeverityWhen {
    pub severity: ThreatScore,
    /// Where the address of the last event lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Reach>,
    /// Placeholders of the sentence, and values of which each must have one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, Vec<String>>,
}

/// Which addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The internet routes them.
    Public,
    Private,
}

/// What the finding is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EntityOf {
    pub kind: EntityKind,
    /// The field with its id; without it, what the kind says by itself (principal, session, access key, account, address).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Response {
    pub text: Text,
    #[serde(default)]
    pub playbooks: Vec<String>,
}

/// Logs, lists and what must come of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DetectionExample {
    pub name: String,
    /// Which log the events are of, where the detection reads several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Log>,
    /// Lists by their names, and what is on them.
    #[serde(default)]
    pub lists: BTreeMap<String, Vec<String>>,
    /// What the databases say of addresses: `{country: KR, latitude: .., longitude: .., asn: 64500, network: ..}`.
    #[serde(default)]
    pub geo: BTreeMap<String, Value>,
    /// Recorded items that the detection looks at.
    #[serde(default)]
    pub items: Vec<Value>,
    pub events: Vec<ExampleEvent>,
    /// How many threats come of it: 0 or more.
    pub expect: u64,
    /// The id of the entity of the (first) threat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// How many events it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The severity of the (first) threat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<ThreatScore>,
    /// Kinds of factors that it must name.
    #[serde(default)]
    pub factors: Vec<String>,
}

/// A record (an object of JSON, or a line), or one that is repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ExampleEvent {
    Repeated(Repeated),
    Line(String),
    /// Of CloudTrail, `eventVersion`, `eventID`, `eventTime`, `awsRegion`, `recipientAccountId`, `eventType` and
    /// `eventCategory` may be left out, and `userIdentity` is the user alice of the account then.
    Record(serde_json::Map<String, Value>),
}

/// `{n}` in the event's texts is the number of the repetition, from 0; `{time}` (`{seconds}` in columns) its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Repeated {
    pub repeat: u64,
    pub every: Timespan,
    /// Of the first; without it, behind the event before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    pub event: Value,
}

/// A length of time: `30s`, `5m`, `24h`, `14d`, as Sigma writes it (`M` is 30 days).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timespan {
    seconds: i64,
}

impl Timespan {
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    pub const fn of_seconds(seconds: i64) -> Self {
        Self { seconds }
    }

    const fn two_weeks() -> Self {
        Self { seconds: 14 * 86_400 }
    }

    const fn one_day() -> Self {
        Self { seconds: 86_400 }
    }
}

impl std::str::FromStr for Timespan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no length of time: 30s, 5m, 24h, 14d");
        let (unit_at, unit) = text.char_indices().last().ok_or_else(wrong)?;
        let one = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            'M' => 30 * 86_400,
            _ => return Err(wrong()),
        };
        let number = &text[..unit_at];
        let digits = (1..=6).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit());
        let count: i64 = if digits { number.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
        if count == 0 || count * one > 400 * 86_400 {
            return Err(format!("`{text}` is not between a second and 400 days"));
        }
        Ok(Self { seconds: count * one })
    }
}

impl TryFrom<String> for Timespan {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Timespan> for String {
    fn from(span: Timespan) -> String {
        let seconds = span.seconds;
        for (unit, one) in [('d', 86_400), ('h', 3_600), ('m', 60)] {
            if seconds % one == 0 {
                return format!("{}{unit}", seconds / one);
            }
        }
        format!("{seconds}s")
    }
}

/// A detection with the file it came from.
#[derive(Debug, Clone)]
pub struct Detection {
    pub file: DetectionFile,
    pub origin: Origin,
    pub(crate) source: Source,
    pub(crate) root: Node,
}

impl Detection {
    /// The path of the file.
    pub fn path(&self) -> &str {
        &self.source.name
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The file as it was written, with places: `match` is read from here.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Something is wrong with the value at `path` (keys and list indexes).
    pub fn problem(&self, path: &[&str], message: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(self.root.at(path).span(), message)
    }
}

/// All detections that could be read, by id, and what is wrong with the others.
#[derive(Debug, Clone, Default)]
pub struct Detections {
    pub known: BTreeMap<String, Detection>,
    pub problems: Vec<Diagnostic>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, seconds) in
            [("30s", 30), ("5m", 300), ("24h", 86_400), ("14d", 1_209_600), ("1w", 604_800), ("1M", 2_592_000)]
        {
            assert_eq!(text.parse::<Timespan>().unwrap().seconds(), seconds, "{text}");
        }
        for text in ["", "m", "5", "0s", "-1s", "5y", "1.5h", "9999999d", "500d", "５m"] {
            assert!(text.parse::<Timespan>().is_err(), "{text}");
        }
        assert_eq!(String::from("90m".parse::<Timespan>().unwrap()), "90m");
        assert_eq!(String::from("120m".parse::<Timespan>().unwrap()), "2h");
    }

    #[test]
    fn needs_have_one_name() {
        for need in Need::ALL {
            assert_eq!(serde_json::to_value(need).unwrap(), need.as_str());
        }
    }
}
