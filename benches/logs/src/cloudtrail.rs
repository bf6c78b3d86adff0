//! Makes CloudTrail events from the shapes in `benches/logs/shapes/cloudtrail.jsonl`: the members that AWS documents for
//! calls of some thirty services, in AWS's order, with ids, names, addresses, accounts and times of their own.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::organization::{self as names, JOBS, Job, Organization, Principal};
use super::random::{Random, hash};

/// When the logs begin: 2026-10-01T00:00:00Z.
pub const START: u64 = 1_790_812_800;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    /// How often, of each job's calls.
    by: BTreeMap<Job, u64>,
    source: String,
    name: String,
    #[serde(rename = "readOnly")]
    read_only: bool,
    #[serde(default)]
    data: bool,
    #[serde(default)]
    signin: bool,
    /// Its events are in us-east-1.
    #[serde(default)]
    global: bool,
    #[serde(default)]
    shared: bool,
    denied: Option<String>,
    host: Option<String>,
    params: Value,
    response: Value,
    additional: Option<Value>,
    resources: Option<Value>,
}

/// A piece of a compiled shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blank {
    Identity,
    Time,
    Region,
    Address,
    Agent,
    Account,
    Arn,
    Session,
    Role,
    Bucket,
    Key,
    Folder,
    Kms,
    Instance,
    Volume,
    Subnet,
    Vpc,
    Group,
    Class,
    Private,
    Uuid,
    Date,
    Millis,
    Hex(usize),
    Base64(usize),
    Base62(usize),
    Base32(usize),
    Number(u64),
}

impl Blank {
    fn parse(text: &str) -> Option<Self> {
        let (name, count) = text.split_once(':').unwrap_or((text, "0"));
        let count: u64 = count.parse().ok()?;
        Some(match name {
            "identity" => Self::Identity,
            "time" => Self::Time,
            "region" => Self::Region,
            "address" => Self::Address,
            "agent" => Self::Agent,
            "account" => Self::Account,
            "arn" => Self::Arn,
            "session" => Self::Session,
            "role" => Self::Role,
            "bucket" => Self::Bucket,
            "key" => Self::Key,
            "folder" => Self::Folder,
            "kms" => Self::Kms,
            "instance" => Self::Instance,
            "volume" => Self::Volume,
            "subnet" => Self::Subnet,
            "vpc" => Self::Vpc,
            "sg" => Self::Group,
            "class" => Self::Class,
            "private" => Self::Private,
            "uuid" => Self::Uuid,
            "date" => Self::Date,
            "millis" => Self::Millis,
            "hex" => Self::Hex(count as usize),
            "base64" => Self::Base64(count as usize),
            "base62" => Self::Base62(count as usize),
            "base32" => Self::Base32(count as usize),
            "number" => Self::Number(count),
            _ => return None,
        })
    }
}

/// Text, and what comes behind it.
type Piece = (Box<[u8]>, Option<Blank>);

struct Compiled {
    allowed: Vec<Piece>,
    denied: Option<Vec<Piece>>,
    global: bool,
}

/// Cuts a text at its blanks: `{name}` or `{name:count}` within a text, `"#{name}"` for a bare number.
fn pieces(text: &str) -> Result<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut literal, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('{') {
        let behind = &rest[at + 1..];
        if !behind.starts_with(|c: char| c.is_ascii_lowercase()) {
            literal.push_str(&rest[..=at]);
            rest = behind;
            continue;
        }
        let (blank, mut after) = behind.split_once('}').context("a blank has an end")?;
        let blank = Blank::parse(blank).with_context(|| format!("no blank {{{blank}}}"))?;
        literal.push_str(&rest[..at]);
        if literal.ends_with("\"#") {
            literal.truncate(literal.len() - 2);
            after = after.strip_prefix('"').context("a bare number is all of its text")?;
        }
        pieces.push((std::mem::take(&mut literal).into_bytes().into(), Some(blank)));
        rest = after;
    }
    literal.push_str(rest);
    pieces.push((literal.into_bytes().into(), None));
    Ok(pieces)
}

impl Shape {
    fn text(&self, error: Option<&str>) -> String {
        let json = |value: &str| Value::from(value).to_string();
        let mut text = String::from(r#"{"eventVersion":"1.11","userIdentity":{identity},"eventTime":"{time}","#);
        text += &format!(r#""eventSource":"{}","eventName":"{}","awsRegion":"{{region}}","#, self.source, self.name);
        text += r#""sourceIPAddress":"{address}","userAgent":"{agent}","#;
        if let Some(error) = error {
            let code = if self.source.starts_with("ec2.") { "Client.UnauthorizedOperation" } else { "AccessDenied" };
            text += &format!(r#""errorCode":"{code}","errorMessage":{},"#, json(error));
        }
        let response = if error.is_some() { &Value::Null } else { &self.response };
        text += &format!(r#""requestParameters":{},"responseElements":{response},"#, self.params);
        if let Some(additional) = &self.additional {
            text += &format!(r#""additionalEventData":{additional},"#);
        }
        text += r#""requestID":"{uuid}","eventID":"{uuid}","#;
        text += &format!(r#""readOnly":{},"#, self.read_only);
        if let Some(resources) = &self.resources {
            text += &format!(r#""resources":{resources},"#);
        }
        let kind = if self.signin { "AwsConsoleSignIn" } else { "AwsApiCall" };
        text += &format!(r#""eventType":"{kind}","managementEvent":{},"#, !self.data);
        text += r#""recipientAccountId":"{account}","#;
        if self.shared {
            text += r#""sharedEventID":"{uuid}","#;
        }
        text += if self.data { r#""eventCategory":"Data""# } else { r#""eventCategory":"Management""# };
        if let Some(host) = &self.host {
            text += r#","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","#;
            text += &format!(r#""clientProvidedHostHeader":{}}}"#, json(host));
        }
        text + "}"
    }
}

pub struct Generator {
    pub organization: Organization,
    shapes: Vec<Compiled>,
    /// For each job, the shapes with the sum of the weights up to each.
    tables: Vec<Vec<(u64, usize)>>,
}

impl Generator {
    pub fn new(organization: Organization) -> Result<Self> {
        let (mut shapes, mut tables) = (Vec::new(), vec![Vec::new(); JOBS.len()]);
        for line in include_str!("../shapes/cloudtrail.jsonl").lines() {
            let shape: Shape = serde_json::from_str(line).with_context(|| line.to_owned())?;
            for (table, job) in tables.iter_mut().zip(JOBS) {
                let before = table.last().map_or(0, |(sum, _)| *sum);
                if let Some(weight) = shape.by.get(&job) {
                    table.push((before + weight, shapes.len()));
                }
            }
            shapes.push(Compiled {
                allowed: pieces(&shape.text(None))?,
                denied: shape.denied.as_deref().map(|denied| pieces(&shape.text(Some(denied)))).transpose()?,
                global: shape.global,
            });
        }
        ensure!(tables.iter().all(|table| !table.is_empty()), "a job calls nothing");
        Ok(Self { organization, shapes, tables })
    }

    pub fn shapes(&self) -> usize {
        self.shapes.len()
    }

    fn shape(&self, principal: &Principal, random: &mut Random) -> &Compiled {
        let table = &self.tables[principal.job as usize];
        let most = table.last().map_or(1, |(sum, _)| *sum);
        // Now and then somebody does what it never does.
        let unusual = random.one_in(5000);
        for _ in 0..8 {
            let drawn = random.below(most);
            let shape = table[table.partition_point(|(sum, _)| *sum <= drawn)].1;
            if unusual || principal.calls(shape) {
                return &self.shapes[shape];
            }
        }
        &self.shapes[table[0].1]
    }

    /// The events of one account in one hour, each with `before` and `after` it; `between` joins them.
    pub fn events(&self, account: u64, hour: u64, count: u64, between: &str, out: &mut Vec<u8>) {
        let mut random = Random::new(hash(self.organization.seed ^ hash(account, 1), hour));
        let mut writer = Writer {
            organization: &self.organization,
            id: self.organization.account(account),
            hour,
            region: self.organization.region(account, hour),
            random: &mut random,
        };
        for number in 0..count {
            if number > 0 {
                out.extend_from_slice(between.as_bytes());
            }
            let principal = self.organization.principal(account, writer.random);
            let shape = self.shape(&principal, writer.random);
            // They come nearly in the order of their times.
            let second = (number * 3600 / count + writer.random.below(240)).min(3599);
            // One of fifty calls is denied, and some principals are always denied.
            let refused = writer.random.one_in(50) || (principal.number.is_multiple_of(97) && writer.random.one_in(2));
            let pieces = shape.denied.as_ref().filter(|_| refused).unwrap_or(&shape.allowed);
            writer.event(&principal, shape, pieces, second, out);
        }
    }

    /// A whole file, as CloudTrail delivers it.
    pub fn file(&self, account: u64, hour: u64, count: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"Records":["#);
        self.events(account, hour, count, ",", out);
        out.extend_from_slice(b"]}");
    }
}

struct Writer<'g> {
    organization: &'g Organization,
    id: u64,
    hour: u64,
    region: &'static str,
    random: &'g mut Random,
}

impl Writer<'_> {
    fn event(&mut self, who: &Principal, shape: &Compiled, pieces: &[Piece], second: u64, out: &mut Vec<u8>) {
        let own = who.account;
        debug_assert_eq!(self.organization.account(own), self.id);
        // One event speaks of one bucket, one role and so on.
        let things = [40, 24, 60, 12].map(|most| who.thing(self.random, most));
        let key = self.random.next();
        let time = START + self.hour * 3600 + second;
        for (literal, blank) in pieces {
            out.extend_from_slice(literal);
            let Some(blank) = blank else { continue };
            let random = &mut *self.random;
            match *blank {
                Blank::Identity => who.identity(self.id, self.hour, out),
                Blank::Time | Blank::Date => date(time, out),
                Blank::Region if shape.global => out.extend_from_slice(b"us-east-1"),
                Blank::Region => out.extend_from_slice(self.region.as_bytes()),
                Blank::Address => who.address(random, out),
                Blank::Agent => who.agent(out),
                Blank::Account => drop(write!(out, "{:012}", self.id)),
                Blank::Arn => who.arn(self.id, out),
                Blank::Session => who.session(out),
                Blank::Role => names::role(own, things[0], out),
                Blank::Bucket => names::bucket(own, things[1], out),
                Blank::Key => names::key(&mut Random::new(key), out),
                Blank::Folder => out.extend_from_slice(names::folder(key).as_bytes()),
                Blank::Kms => names::uuid_of(own, things[3], out),
                Blank::Instance => names::id("i", own, things[2], out),
                Blank::Volume => names::id("vol", own, things[2], out),
                Blank::Subnet => names::id("subnet", own, things[3], out),
                Blank::Vpc => names::id("vpc", own, things[3] % 3, out),
                Blank::Group => names::id("sg", own, things[1], out),
                Blank::Class => out.extend_from_slice(if key.is_multiple_of(3) { b"m7g.xlarge" } else { b"t3.medium" }),
                Blank::Private => drop(write!(out, "10.0.{}.{}", things[3], things[2] + 4)),
                Blank::Uuid => random.uuid(out),
                Blank::Millis => drop(write!(out, "{}000", time)),
                Blank::Hex(count) => random.hex(count, out),
                Blank::Base64(count) => random.base64(count, out),
                Blank::Base62(count) => random.base62(count, out),
                Blank::Base32(count) => random.base32(count, out),
                Blank::Number(most) => drop(write!(out, "{}", random.skewed(most))),
            }
        }
    }
}

/// A time as CloudTrail writes it.
pub fn date(seconds: u64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(seconds / 86_400);
    let of_day = seconds % 86_400;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
}

/// Year, month and day of a day since 1970.
pub fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}
