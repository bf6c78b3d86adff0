//! Flow logs of VPCs and transit gateways: every version, any order of fields, plain text.
//!
//! Files in S3 begin with a line that names the fields; CloudWatch Logs has none: without one, the line is of the
//! default format, or of the format that the user names.

use core::net::{IpAddr, Ipv4Addr};
use std::ops::ControlFlow;
use std::sync::Arc;

use haechi_model::event::{Flow, FlowAction, FlowDirection, Found, Place, Record};
use haechi_model::{Log, Timestamp};

use crate::out::{Known, LineLog, Out, Verdict};

/// The fields of AWS's default format, version 2.
pub const DEFAULT_FLOW_FIELDS: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

/// Every field that AWS documents, versions 2 to 11 and of transit gateways. Others are kept by their names.
pub(crate) const KNOWN: [&str; 80] = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
    "vpc-id",
    "subnet-id",
    "instance-id",
    "tcp-flags",
    "type",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "region",
    "az-id",
    "sublocation-type",
    "sublocation-id",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "flow-direction",
    "traffic-path",
    "ecs-cluster-arn",
    "ecs-cluster-name",
    "ecs-container-instance-arn",
    "ecs-container-instance-id",
    "ecs-container-id",
    "ecs-second-container-id",
    "ecs-service-name",
    "ecs-task-definition-arn",
    "ecs-task-arn",
    "ecs-task-id",
    "reject-reason",
    "resource-id",
    "encryption-status",
    "instance-tag",
    "instance-tag-2",
    "interface-tag",
    "interface-tag-2",
    "asg-tag",
    "asg-tag-2",
    "interface-type",
    "next-hop-interface-id",
    "next-hop-subnet-id",
    "next-hop-az-id",
    "next-hop-vpc-id",
    "next-hop-interface-type",
    "resource-type",
    "tgw-id",
    "tgw-attachment-id",
    "tgw-src-vpc-account-id",
    "tgw-dst-vpc-account-id",
    "tgw-src-vpc-id",
    "tgw-dst-vpc-id",
    "tgw-src-subnet-id",
    "tgw-dst-subnet-id",
    "tgw-src-eni",
    "tgw-dst-eni",
    "tgw-src-az-id",
    "tgw-dst-az-id",
    "tgw-pair-attachment-id",
    "packets-lost-no-route",
    "packets-lost-blackhole",
    "packets-lost-mtu-exceeded",
    "packets-lost-ttl-expired",
    "log-source",
    "source-account-id",
    "src-as",
    "dst-as",
    "srcvpc",
    "dstvpc",
    "srcsubnet",
    "dstsubnet",
];

/// What the reader does with a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Account,
    Interface,
    Attachment,
    Source,
    Destination,
    SourcePort,
    DestinationPort,
    Protocol,
    Packets,
    Bytes,
    Start,
    End,
    Action,
    Status,
    Vpc,
    Instance,
    Flags,
    PacketSource,
    PacketDestination,
    Region,
    Direction,
    Other,
}

impl Column {
    fn of(name: &str) -> Self {
        match name {
            "account-id" => Self::Account,
            "interface-id" => Self::Interface,
            "tgw-attachment-id" => Self::Attachment,
            "srcaddr" => Self::Source,
            "dstaddr" => Self::Destination,
            "srcport" => Self::SourcePort,
            "dstport" => Self::DestinationPort,
            "protocol" => Self::Protocol,
            "packets" => Self::Packets,
            "bytes" => Self::Bytes,
            "start" => Self::Start,
            "end" => Self::End,
            "action" => Self::Action,
            "log-status" => Self::Status,
            "vpc-id" => Self::Vpc,
            "instance-id" => Self::Instance,
            "tcp-flags" => Self::Flags,
            "pkt-srcaddr" => Self::PacketSource,
            "pkt-dstaddr" => Self::PacketDestination,
            "region" => Self::Region,
            "flow-direction" => Self::Direction,
            _ => Self::Other,
        }
    }
}

/// The fields of a flow log, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowFormat {
    names: Arc<[Box<str>]>,
    columns: Arc<[Column]>,
}

/// The text names no fields of a flow log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowFormatError {
    #[error("`{0}` is no field of flow logs")]
    Unknown(String),
    #[error("a format of flow logs has `srcaddr`, `dstaddr` and `start` at least")]
    Little,
}

impl FlowFormat {
    /// Reads a format as `create-flow-logs` takes it (`${srcaddr} ${dstaddr}`), or as a file's first line has it.
    pub fn parse(text: &str) -> Result<Self, FlowFormatError> {
        let bare = |word: &str| word.trim_start_matches("${").trim_end_matches('}').to_ascii_lowercase();
        let names: Vec<_> = text.split([' ', ',', '\t']).filter(|word| !word.is_empty()).map(bare).collect();
        if let Some(unknown) = names.iter().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(FlowFormatError::Unknown(unknown.clone()));
        }
        Self::of_names(names)
    }

    fn of_names(names: Vec<String>) -> Result<Self, FlowFormatError> {
        if ["srcaddr", "dstaddr", "start"].iter().any(|name| !names.iter().any(|known| known == name)) {
            return Err(FlowFormatError::Little);
        }
        let columns = names.iter().map(|name| Column::of(name)).collect();
        Ok(Self { names: names.into_iter().map(Into::into).collect(), columns })
    }

    /// The names of the fields, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// A line that names fields: no number stands among them, and at least three are known.
    fn of_header(line: &str) -> Option<Result<Self, FlowFormatError>> {
        let is_name = |word: &str| {
            word.as_bytes()[0].is_ascii_lowercase()
                && word.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-')
        };
        let words: Vec<_> = line.split_ascii_whitespace().map(|word| word.replace('_', "-")).collect();
        let known = words.iter().filter(|word| KNOWN.contains(&word.as_str())).count();
        (known >= 3 && words.iter().all(|word| is_name(word))).then(|| Self::of_names(words))
    }
}

/// The lines of one file.
pub(crate) struct FlowLines {
    format: FlowFormat,
    /// Of the wanted columns: index in the line, of each slot.
    columns: Vec<(usize, usize)>,
    columns_of: Option<FlowFormat>,
    counted: Counted,
}

/// Flows of one account and region that are not yet in the summary.
#[derive(Default)]
struct Counted {
    account: String,
    region: String,
    count: u64,
    first: i64,
    last: i64,
}

impl Default for FlowLines {
    fn default() -> Self {
        Self::of(FlowFormat::parse(DEFAULT_FLOW_FIELDS).expect("the default is right"))
    }
}

impl FlowLines {
    pub(crate) fn of(format: FlowFormat) -> Self {
        Self { format, columns: Vec::new(), columns_of: None, counted: Counted::default() }
    }

    /// A heading, or a line of the default format.
    pub(crate) fn looks_like(line: &str) -> bool {
        let mut words = line.split_ascii_whitespace();
        let default = words.next() == Some("2")
            && words.next().is_some_and(|account| {
                account == "unknown" || account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit())
            })
            && line.split_ascii_whitespace().count() == 14;
        default || FlowFormat::of_header(line).is_some()
    }
}

/// Reads the columns of a line one after the other.
struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

impl<'a> Cursor<'a> {
    /// The column that begins here.
    #[inline]
    fn text(&mut self) -> &'a str {
        let bytes = self.line.as_bytes();
        let start = self.at;
        let mut at = start;
        while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*chunk) ^ (ONES * b' ' as u64);
            let hit = word.wrapping_sub(ONES) & !word & HIGH;
            if hit != 0 {
                at += hit.trailing_zeros() as usize / 8;
                self.at = at + 1;
                return self.line.get(start..at).unwrap_or_default();
            }
            at += 8;
        }
        while bytes.get(at).is_some_and(|byte| *byte != b' ') {
            at += 1;
        }
        self.at = at + 1;
        self.line.get(start..at).unwrap_or_default()
    }

    /// A number; none of `-`. Anything else is wrong.
    #[inline]
    fn number(&mut self) -> Result<Option<u64>, ()> {
        let bytes = self.line.as_bytes();
        let mut number = 0_u64;
        let start = self.at;
        while let Some(byte) = bytes.get(self.at) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            number = number.checked_mul(10).and_then(|number| number.checked_add(digit.into())).ok_or(())?;
            self.at += 1;
        }
        let read = self.at - start;
        match bytes.get(self.at) {
            None | Some(b' ') if read > 0 => {
                self.at += 1;
                Ok(Some(number))
            }
            Some(b'-') if read == 0 && matches!(bytes.get(self.at + 1), None | Some(b' ')) => {
                self.at += 2;
                Ok(None)
            }
            _ => Err(()),
        }
    }

    #[inline]
    fn address(&mut self) -> Result<Option<IpAddr>, ()> {
        let bytes = self.line.as_bytes();
        let (mut address, mut part, mut digits, mut dots) = (0_u32, 0_u32, 0, 0);
        for at in self.at..self.line.len() + 1 {
            match bytes.get(at) {
                Some(byte @ b'0'..=b'9') if digits < 3 => {
                    part = part * 10 + u32::from(byte - b'0');
                    digits += 1;
                }
                Some(b'.') if digits > 0 && part < 256 && dots < 3 => {
                    address = address << 8 | part;
                    (part, digits, dots) = (0, 0, dots + 1);
                }
                None | Some(b' ') if digits > 0 && part < 256 && dots == 3 => {
                    self.at = at + 1;
                    return Ok(Some(IpAddr::V4(Ipv4Addr::from_bits(address << 8 | part))));
                }
                _ => break,
            }
        }
        match self.text() {
            "-" => Ok(None),
            text => text.parse().map(Some).map_err(drop),
        }
    }
}

/// Why a line is not read.
const WRONG: &str = "not a line of this format of flow logs";

// A line is looked at where it is read: its size costs nothing.
#[allow(clippy::large_enum_variant)]
enum Line<'a> {
    Flow(Flow<'a>),
    NoData,
    Lost,
}

impl FlowFormat {
    fn read<'a>(&self, line: &'a str, place: Place<'a>) -> Result<Line<'a>, ()> {
        let mut flow = Flow::of_line(line, place);
        let mut cursor = Cursor { line, at: 0 };
        let mut status = "";
        let some = |text: &'a str| if text == "-" { "" } else { text };
        for column in self.columns.iter() {
            if cursor.at >= line.len() {
                return Err(());
            }
            match column {
                Column::Other => drop(cursor.text()),
                Column::Account => flow.account = some(cursor.text()),
                Column::Interface => flow.interface = some(cursor.text()),
                Column::Attachment => {
                    flow.transit = true;
                    flow.interface = some(cursor.text());
                }
                Column::Source => flow.source = cursor.address()?,
                Column::Destination => flow.destination = cursor.address()?,
                Column::PacketSource => flow.packet_source = cursor.address()?,
                Column::PacketDestination => flow.packet_destination = cursor.address()?,
                Column::SourcePort => flow.source_port = small(cursor.number()?)?,
                Column::DestinationPort => flow.destination_port = small(cursor.number()?)?,
                Column::Protocol => flow.protocol = small(cursor.number()?)?,
                Column::Packets => flow.packets = cursor.number()?.unwrap_or_default(),
                Column::Bytes => flow.bytes = cursor.number()?.unwrap_or_default(),
                Column::Start => flow.start = small(cursor.number()?)?,
                Column::End => flow.end = small(cursor.number()?)?,
                Column::Action => {
                    flow.action = match cursor.text() {
                        "ACCEPT" => FlowAction::Accept,
                        "REJECT" => FlowAction::Reject,
                        "-" => FlowAction::Unsaid,
                        _ => return Err(()),
                    }
                }
                Column::Status => status = cursor.text(),
                Column::Vpc => flow.vpc = some(cursor.text()),
                Column::Instance => flow.instance = some(cursor.text()),
                Column::Flags => flow.tcp_flags = cursor.number()?.map(|flags| small(Some(flags))).transpose()?,
                Column::Region => flow.region = some(cursor.text()),
                Column::Direction => {
                    flow.direction = match cursor.text() {
                        "ingress" => Some(FlowDirection::Ingress),
                        "egress" => Some(FlowDirection::Egress),
                        _ => None,
                    }
                }
            }
        }
        if cursor.at <= line.len() {
            return Err(());
        }
        match status {
            "NODATA" => Ok(Line::NoData),
            "SKIPDATA" => Ok(Line::Lost),
            "OK" | "" | "-" if flow.start > 0 => Ok(Line::Flow(flow)),
            _ => Err(()),
        }
    }
}

/// A number in its place; `-` is 0.
fn small<T: TryFrom<u64> + Default>(number: Option<u64>) -> Result<T, ()> {
    number.map_or(Ok(T::default()), |number| T::try_from(number).map_err(drop))
}

impl LineLog for FlowLines {
    fn line(&mut self, line: &str, slots: &mut Vec<Found>, out: &mut Out<'_>) -> Verdict {
        let place = Place { file: out.path, record: out.record };
        let mut flow = match self.format.read(line, place) {
            Ok(Line::Flow(flow)) => flow,
            Ok(Line::NoData) => return Verdict::Other,
            Ok(Line::Lost) => {
                out.summary.lost += 1;
                return Verdict::Other;
            }
            Err(()) => return self.heading(line, out),
        };
        // Lent to the flow while the receiver has it: copying it for each line would cost more than reading the line.
        let whence = std::mem::take(&mut out.whence);
        if flow.account.is_empty() {
            flow.account = whence.account.as_deref().unwrap_or_default();
        }
        if flow.region.is_empty() {
            flow.region = whence.region.as_deref().unwrap_or_default();
        }
        self.count(&flow, out);
        let mut next = ControlFlow::Continue(());
        if out.asked.flows {
            next = out.receiver.flow(&flow);
        }
        if next.is_continue() && out.asked.fields(Log::VpcFlow).is_some() {
            next = self.event(&flow, slots, out);
        }
        out.whence = whence;
        if next.is_break() {
            self.settle(out);
        }
        Verdict::Event(next)
    }

    fn end(&mut self, out: &mut Out<'_>) -> ControlFlow<()> {
        self.settle(out);
        ControlFlow::Continue(())
    }
}

impl FlowLines {
    /// A line that names the fields changes the format, also in the midst of a file.
    fn heading(&mut self, line: &str, out: &mut Out<'_>) -> Verdict {
        let _ = out;
        match FlowFormat::of_header(line) {
            Some(Ok(format)) => {
                self.format = format;
                Verdict::Other
            }
            Some(Err(_)) => Verdict::Wrong("its fields are not enough: `srcaddr`, `dstaddr` and `start` are needed"),
            None => Verdict::Wrong(WRONG),
        }
    }

    fn count(&mut self, flow: &Flow<'_>, out: &mut Out<'_>) {
        let counted = &mut self.counted;
        if counted.count > 0 && counted.account == flow.account && counted.region == flow.region {
            counted.count += 1;
            counted.first = counted.first.min(flow.start);
            counted.last = counted.last.max(flow.start);
            return;
        }
        self.settle(out);
        self.counted = Counted {
            account: flow.account.to_owned(),
            region: flow.region.to_owned(),
            count: 1,
            first: flow.start,
            last: flow.start,
        };
    }

    fn settle(&mut self, out: &mut Out<'_>) {
        let Counted { account, region, count, first, last } = std::mem::take(&mut self.counted);
        if count > 0 {
            let some = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
            let (first, last) = (Timestamp::from_seconds(first), Timestamp::from_seconds(last));
            out.summary.events(Log::VpcFlow, some(&account).as_deref(), some(&region).as_deref(), count, first, last);
        }
    }

    /// The line as an event, for who asked for its columns.
    fn event(&mut self, flow: &Flow<'_>, slots: &mut Vec<Found>, out: &mut Out<'_>) -> ControlFlow<()> {
        let Some(fields) = out.asked.fields(Log::VpcFlow) else { return ControlFlow::Continue(()) };
        if self.columns_of.as_ref() != Some(&self.format) {
            self.columns = self
                .format
                .names()
                .enumerate()
                .filter_map(|(index, name)| Some((index, fields.slot(name)?.index())))
                .collect();
            self.columns_of = Some(self.format.clone());
        }
        slots.clear();
        slots.resize(fields.len(), Found::default());
        let mut cursor = Cursor { line: flow.line, at: 0 };
        let mut wanted = self.columns.iter().peekable();
        for index in 0..self.format.names.len() {
            let Some((_, slot)) = wanted.peek().copied() else { break };
            let start = cursor.at;
            let text = cursor.text();
            if wanted.next_if(|(at, _)| *at == index).is_some() && text != "-" {
                slots[*slot] = Found::span(start as u32, (start + text.len()) as u32);
            }
        }
        let some = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
        let (account, region) = (some(flow.account), some(flow.region));
        let id = flow.id();
        let known = Known {
            id: Some(&id),
            time: flow.time(),
            source: "vpc-flow-logs.amazonaws.com",
            name: match flow.action {
                FlowAction::Accept => "ACCEPT",
                FlowAction::Reject => "REJECT",
                FlowAction::Unsaid => "-",
            },
            account: account.as_deref(),
            region: region.as_deref(),
        };
        out.give(Log::VpcFlow, Record::of_columns(flow.line, fields, slots), known)
    }
}
