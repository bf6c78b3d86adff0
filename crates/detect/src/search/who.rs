//! Who called what on what: the name of a call, the resource that it must name, and the callers, added up.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use haechi_model::event::{Event, FieldError, Fields, Json, Slot};
use haechi_model::{Arn, Log, Timestamp};

use super::columns::{ColumnSlots, EventView};
use crate::principal::PrincipalKind;
use crate::sigma::{Case, Pattern, Shape};

/// A call by its name: `StopLogging`, `s3:Get*`.
#[derive(Debug, Clone)]
pub struct Action {
    /// The first word of event sources.
    service: Option<String>,
    names: Vec<Shape>,
}

/// Services that actions of policies call otherwise than event sources.
const SERVICES: [(&str, &str); 3] =
    [("cloudwatch", "monitoring"), ("tag", "tagging"), ("application-autoscaling", "autoscaling")];
/// Actions of policies, and the calls that they allow where these are called otherwise.
const CALLS: [(&str, &str, &[&str]); 3] = [
    ("s3", "ListBucket", &["ListObjects", "ListObjectsV2", "HeadBucket"]),
    ("s3", "ListAllMyBuckets", &["ListBuckets"]),
    ("lambda", "InvokeFunction", &["Invoke"]),
];
/// Calls of S3, and how its access logs call them.
const REQUESTS: [(&str, &str); 14] = [
    ("GetObject", "REST.GET.OBJECT"),
    ("HeadObject", "REST.HEAD.OBJECT"),
    ("PutObject", "REST.PUT.OBJECT"),
    ("PutObject", "REST.POST.OBJECT"),
    ("CopyObject", "REST.COPY.OBJECT"),
    ("DeleteObject", "REST.DELETE.OBJECT"),
    ("DeleteObject", "BATCH.DELETE.OBJECT"),
    ("DeleteObjects", "REST.POST.MULTI_OBJECT_DELETE"),
    ("CreateMultipartUpload", "REST.POST.UPLOADS"),
    ("CompleteMultipartUpload", "REST.POST.UPLOAD"),
    ("UploadPart", "REST.PUT.PART"),
    ("ListObjects", "REST.GET.BUCKET"),
    ("HeadBucket", "REST.HEAD.BUCKET"),
    ("ListObjectVersions", "REST.GET.BUCKETVERSIONS"),
];

impl Action {
    /// `NAME` or `SERVICE:NAME`, with `*` and `?`; letters' case does not count.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (service, name) = match text.trim().split_once(':') {
            Some((service, name)) => (Some(service.to_ascii_lowercase()), name),
            None => (None, text.trim()),
        };
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || "*?._-".contains(letter);
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(format!("`{}` is not the name of a call", name.escape_debug()));
        }
        if let Some(service) = &service
            && (service.is_empty() || !service.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-'))
        {
            return Err(format!("`{}` is not a service", service.escape_debug()));
        }
        let service = service.map(|name| {
            let other = SERVICES.iter().find(|(known, _)| *known == name);
            other.map_or(name, |(_, source)| (*source).to_owned())
        });
        let shape = |text: &str| Pattern::read(text).shape(Case::Same).map_err(|error| error.to_string());
        let mut names = vec![shape(name)?];
        for (of, action, calls) in CALLS {
            if service.as_deref() == Some(of) && action.eq_ignore_ascii_case(name) {
                names.extend(calls.iter().map(|call| shape(call)).collect::<Result<Vec<_>, _>>()?);
            }
        }
        Ok(Self { service, names })
    }

    pub fn fits(&self, event: &Event<'_>) -> bool {
        let source = event.source().split('.').next().unwrap_or_default();
        if self.service.as_ref().is_some_and(|service| !service.eq_ignore_ascii_case(source)) {
            return false;
        }
        let name = event.name();
        let fits = |name: &str| self.names.iter().any(|shape| shape.fits(name));
        let request = || REQUESTS.iter().any(|(call, request)| *request == name && fits(call));
        fits(name) || fits(unversioned(name)) || event.log() == Log::S3Access && request()
    }
}

/// `UpdateFunctionCode20150331v2` and `CreateDistribution2020_05_31` without the version of the API.
fn unversioned(name: &str) -> &str {
    let digits = |text: &str| text.len() - text.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    let rest = match digits(name) {
        0 => return name,
        count => &name[..name.len() - count],
    };
    let dated = match rest.strip_suffix('v') {
        Some(rest) if digits(rest) == 8 => rest,
        _ => name,
    };
    if digits(dated) == 8 {
        return &dated[..dated.len() - 8];
    }
    let with_lines = dated.len().checked_sub(10).and_then(|at| Some((&dated[..at], dated.get(at..)?)));
    match with_lines {
        Some((bare, date))
            if date.bytes().enumerate().all(|(at, letter)| match at {
                4 | 7 => letter == b'_',
                _ => letter.is_ascii_digit(),
            }) =>
        {
            bare
        }
        _ => name,
    }
}

/// A resource by its ARN, its id or its name; `*` is any.
#[derive(Debug, Clone)]
pub struct Resource {
    kind: Wanted,
}

#[derive(Debug, Clone)]
enum Wanted {
    Anything,
    Text { whole: Shape, ends: [Shape; 2] },
    Arn { text: String, service: String, account: String, resource: String },
}

impl Resource {
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let has_glob = text.contains(['*', '?']);
        let kind = match Arn::parse(text) {
            _ if text.is_empty() => return Err("the resource is empty".to_owned()),
            _ if text == "*" => Wanted::Anything,
            Ok(arn) if !has_glob => Wanted::Arn {
                text: text.to_owned(),
                service: arn.service().to_owned(),
                account: arn.account().to_owned(),
                resource: arn.resource().to_owned(),
            },
            _ => {
                let read = if has_glob { Pattern::read(text) } else { Pattern::plain(text) };
                let shape = |pattern: &Pattern| pattern.shape(Case::Distinct).map_err(|error| error.to_string());
                let end = |sign: char| shape(&Pattern::read(&format!("*{sign}{}", escaped(text, has_glob))));
                Wanted::Text { whole: shape(&read)?, ends: [end('/')?, end(':')?] }
            }
        };
        Ok(Self { kind })
    }

    /// Whether the event names the resource, other than as its caller.
    pub fn is_of(&self, event: &Event<'_>, slots: &WhoSlots) -> bool {
        let any = |test: &mut dyn FnMut(&str) -> bool| {
            let mut found = false;
            slots.each(event, &mut |value| found = found || test(value));
            found
        };
        match &self.kind {
            Wanted::Anything => true,
            Wanted::Text { whole, ends } => {
                let mut fits = |value: &str| whole.fits(value) || ends.iter().any(|end| end.fits(value));
                event.account().is_some_and(&mut fits) || any(&mut fits)
            }
            Wanted::Arn { text, service, account, resource } => {
                if any(&mut |value| value == text) {
                    return true;
                }
                // By its name alone it is known only where the service, and the account that the ARN names, are its own.
                let source = event.source().split('.').next().unwrap_or_default();
                if source != service || !account.is_empty() && event.account() != Some(account) {
                    return false;
                }
                if service == "s3"
                    && let Some((bucket, key)) = resource.split_once('/')
                {
                    return any(&mut |value| value == bucket) && any(&mut |value| value == key);
                }
                let name = resource.rsplit(['/', ':']).next().unwrap_or(resource);
                any(&mut |value| value == resource || value == name)
            }
        }
    }
}

/// A text as a pattern that means it.
fn escaped(text: &str, is_pattern: bool) -> Cow<'_, str> {
    if is_pattern { text.into() } else { text.replace('\\', "\\\\").into() }
}

/// Where the events of a log say what they are about, and for whom they act.
#[derive(Debug, Clone)]
pub struct WhoSlots {
    log: Log,
    columns: ColumnSlots,
    /// Of logs of lines.
    values: Vec<Slot>,
    source_identity: Option<Slot>,
    invoked_by: Option<Slot>,
}

impl WhoSlots {
    pub fn add(log: Log, fields: &mut Fields) -> Result<Self, FieldError> {
        let columns = ColumnSlots::add(log, &super::EventColumn::ALL, fields)?;
        let paths: &[&str] = match log {
            Log::S3Access => &["bucket", "key"],
            Log::RdsLogin => &["instance", "database"],
            Log::VpcFlow => &["interface-id", "instance-id", "vpc-id", "dstaddr"],
            Log::CloudTrail | Log::ResolverQuery | Log::EksAudit | Log::Waf => &[],
        };
        let values = paths.iter().map(|path| fields.add(path)).collect::<Result<_, _>>()?;
        let of_trail = log == Log::CloudTrail;
        let slot = |path: &str, fields: &mut Fields| of_trail.then(|| fields.add(path)).transpose();
        let source_identity = slot("userIdentity.sessionContext.sourceIdentity", fields)?;
        let invoked_by = slot("userIdentity.invokedBy", fields)?;
        Ok(Self { log, columns, values, source_identity, invoked_by })
    }

    pub fn columns(&self) -> &ColumnSlots {
        &self.columns
    }

    /// Every value that may name a resource: not the caller, nor the call itself.
    fn each(&self, event: &Event<'_>, each: &mut dyn FnMut(&str)) {
        for slot in &self.values {
            event.each_value(*slot, &mut |value| {
                if let Some(text) = value.scalar() {
                    each(&text);
                }
            });
        }
        if !self.values.is_empty() {
            return;
        }
        let Some(record) = Json::parse(event.raw()) else { return };
        for (name, member) in record.members().filter(|(name, _)| self.is_about(name)) {
            let _ = name;
            member.each_leaf(&mut |leaf| match leaf.text() {
                Some(text) => each(&text),
                None => each(leaf.as_json()),
            });
        }
    }

    /// Whether a member of the record tells what the event is about.
    fn is_about(&self, member: &str) -> bool {
        match self.log {
            Log::CloudTrail => matches!(
                member,
                "requestParameters" | "responseElements" | "resources" | "serviceEventDetails" | "additionalEventData"
            ),
            Log::EksAudit => matches!(member, "objectRef" | "requestURI" | "requestObject" | "responseObject"),
            Log::ResolverQuery => matches!(member, "query_name" | "vpc_id" | "answers"),
            Log::Waf => matches!(member, "webaclId" | "httpSourceId" | "httpRequest"),
            Log::VpcFlow | Log::S3Access | Log::RdsLogin => false,
        }
    }
}

/// Who: the user, role or root, and the session of a role by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CallerKey {
    pub principal: Option<String>,
    /// The account of the principal, which need not be the resource's.
    pub account: Option<String>,
    pub session: Option<String>,
    /// Who was named when the role was assumed (`sourceIdentity`).
    pub source_identity: Option<String>,
}

/// What one caller did.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    pub count: u64,
    /// Calls that were refused or failed.
    pub failed: u64,
    pub first: Option<(Timestamp, String)>,
    pub last: Option<(Timestamp, String)>,
    pub names: BTreeMap<String, u64>,
    pub errors: BTreeMap<String, u64>,
    pub addresses: BTreeMap<String, u64>,
    pub access_keys: BTreeSet<String>,
    /// Services of AWS that made the call for the caller.
    pub through: BTreeSet<String>,
    /// A service of AWS on its own behalf.
    pub is_service: bool,
}

/// The callers, added up: the order of the events does not matter.
#[derive(Debug, Default)]
pub struct Callers {
    pub callers: BTreeMap<CallerKey, Caller>,
    /// Calls of callers beyond [`Callers::MOST`].
    pub beyond: u64,
}

/// Values of one kind that are kept of one caller.
const KEPT: usize = 1_000;

impl Callers {
    /// Callers that are kept.
    pub const MOST: usize = 100_000;

    pub fn add(&mut self, slots: &WhoSlots, event: &Event<'_>) {
        let view = slots.columns.view(event);
        let text = |slot: Option<Slot>| slot.and_then(|slot| event.text(slot)).map(Cow::into_owned);
        let key = caller_key(&view, text(slots.source_identity));
        let room = self.callers.len() < Self::MOST;
        let caller = match self.callers.get_mut(&key) {
            Some(caller) => caller,
            None if room => self.callers.entry(key).or_default(),
            None => {
                self.beyond += 1;
                return;
            }
        };
        caller.count += 1;
        let seen = (event.time(), event.id().to_owned());
        if caller.first.as_ref().is_none_or(|first| seen < *first) {
            caller.first = Some(seen.clone());
        }
        if caller.last.as_ref().is_none_or(|last| seen > *last) {
            caller.last = Some(seen);
        }
        count(&mut caller.names, event.name());
        if let Some(address) = view.text(super::EventColumn::Address) {
            count(&mut caller.addresses, &address);
        }
        if let Some(error) = view.text(super::EventColumn::ErrorCode) {
            caller.failed += 1;
            count(&mut caller.errors, &error);
        }
        let principal = view.actor().principal.as_ref();
        caller.is_service |= principal.is_some_and(|known| known.kind == PrincipalKind::Service);
        let keep = |kept: &mut BTreeSet<String>, text: Option<String>| {
            if let Some(text) = text.filter(|_| kept.len() < KEPT) {
                kept.insert(text);
            }
        };
        keep(&mut caller.access_keys, principal.and_then(|known| known.access_key.as_deref()).map(str::to_owned));
        keep(&mut caller.through, text(slots.invoked_by).filter(|_| !caller.is_service));
    }
}

fn caller_key(view: &EventView<'_, '_>, source_identity: Option<String>) -> CallerKey {
    let principal = view.actor().principal.as_ref();
    CallerKey {
        principal: principal.map(|known| known.id.to_string()),
        account: principal.and_then(|known| known.account.as_deref()).map(str::to_owned),
        session: principal.and_then(|known| known.session_name()).map(str::to_owned),
        source_identity,
    }
}

fn count(counts: &mut BTreeMap<String, u64>, text: &str) {
    if let Some(count) = counts.get_mut(text) {
        *count += 1;
    } else if counts.len() < KEPT {
        counts.insert(text.to_owned(), 1);
    }
}
