//! From an event of CloudTrail to the action that was asked for and the resource it was about. The names differ in
//! places (`ListObjects` is `s3:ListBucket`, `monitoring` is `cloudwatch`, `CreateFunction20150331`): the rules are
//! the text of content/iam/events.txt, whose head tells its form.

use std::borrow::Cow;

use super::{
    ActionInfo, ActionResource, ArnForms, ArnMatch, Catalogue, CatalogueError, Need, ResourceTypeInfo, compare,
};

/// The rules, read.
#[derive(Debug)]
pub struct EventRules {
    /// Prefixes of a source that has others than its own name, sorted by source.
    prefixes: Vec<(Box<str>, Vec<Box<str>>)>,
    /// Events that are named otherwise, sorted by source and name, in the order of the text where these are equal.
    named: Vec<Rule>,
    /// Those whose name is a pattern.
    patterns: Vec<Rule>,
    /// How the ARN of a resource type is built, sorted by service.
    resources: Vec<ResourceRule>,
}

/// A line of the rules can't be read.
pub type EventError = CatalogueError;

#[derive(Debug)]
struct Rule {
    source: Box<str>,
    /// A name, or the begin of one where a star follows.
    name: Box<str>,
    /// A request parameter that must be there.
    given: Option<Box<str>>,
    meaning: Meaning,
}

#[derive(Debug)]
enum Meaning {
    All(Vec<Box<str>>),
    OneOf(Vec<Box<str>>),
    None(NoPermission),
}

#[derive(Debug)]
struct ResourceRule {
    service: Box<str>,
    kind: Box<str>,
    template: Box<str>,
    source: ArnSource,
}

/// Why an event needs no permission of IAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoPermission {
    /// Someone signed in, or tried to.
    SignIn,
    /// AWS did it itself and tells of it.
    ServiceEvent,
    /// The call is always allowed, whatever policies say (`sts:GetCallerIdentity`).
    AlwaysAllowed,
    /// The call carries a token of its own instead of a signature (the portal of IAM Identity Center).
    Unsigned,
}

impl NoPermission {
    const NAMES: [(&'static str, NoPermission); 4] = [
        ("sign-in", NoPermission::SignIn),
        ("service-event", NoPermission::ServiceEvent),
        ("always-allowed", NoPermission::AlwaysAllowed),
        ("unsigned", NoPermission::Unsigned),
    ];

    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name)
    }
}

/// What an event asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum EventAction<'c> {
    Known(ActionInfo<'c>),
    /// Each of them is needed. [`EventRules::resource`] is about the first.
    Several(Vec<ActionInfo<'c>>),
    /// One of them is needed; which, the event does not tell.
    OneOf(Vec<ActionInfo<'c>>),
    NoPermission(NoPermission),
    /// No such action is in the table.
    Unknown,
}

/// Where the ARN of an event's resource is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArnSource {
    /// The event tells it.
    Told,
    /// From the request's parameters, which name it wholly.
    Built,
    /// From the request's parameters, which leave something open, such as the path of a role: the usual is taken.
    Guessed,
}

/// The resource that an event was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventResource {
    /// The action has no resource types: policies reach it with `*`.
    Everything,
    Arn {
        arn: String,
        source: ArnSource,
    },
    /// The event does not tell.
    Unknown,
}

/// A resource that an event names, of a type that its action acts on.
#[derive(Clone, Debug)]
pub struct NamedResource<'c> {
    pub kind: ResourceTypeInfo<'c>,
    pub need: Need,
    pub arn: String,
    pub source: ArnSource,
}

/// The fields of an event that the rules ask for.
pub trait EventFields {
    /// The text (or the number) at a path such as `requestParameters.bucketName`, `awsRegion`, `eventType`.
    fn text(&self, path: &str) -> Option<Cow<'_, str>>;

    /// The ARNs of the event's `resources`, one by one.
    fn resource_arns(&self, each: &mut dyn FnMut(&str));
}

impl EventFields for serde_json::Value {
    fn text(&self, path: &str) -> Option<Cow<'_, str>> {
        let mut at = self;
        for part in path.split('.') {
            at = match at {
                // A list of one is as good as what is in it.
                serde_json::Value::Array(items) if items.len() == 1 => items[0].get(part)?,
                _ => at.get(part)?,
            };
        }
        match at {
            serde_json::Value::String(text) => Some(Cow::Borrowed(text)),
            serde_json::Value::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    fn resource_arns(&self, each: &mut dyn FnMut(&str)) {
        let resources = self.get("resources").and_then(serde_json::Value::as_array);
        for resource in resources.into_iter().flatten() {
            let arn = resource.get("ARN").or_else(|| resource.get("arn"));
            if let Some(arn) = arn.and_then(serde_json::Value::as_str) {
                each(arn);
            }
        }
    }
}

impl EventRules {
    /// Reads the rules.
    ///
    /// # Errors
    /// A line that is none of `prefix`, `event`, `none`, `resource`, `guess`.
    pub fn read(text: &str) -> Result<EventRules, EventError> {
        let mut rules =
            EventRules { prefixes: Vec::new(), named: Vec::new(), patterns: Vec::new(), resources: Vec::new() };
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_ascii_whitespace().collect();
            let wrong = |what| EventError { line: number + 1, what };
            match words[..] {
                [] => {}
                ["prefix", source, ref prefixes @ ..] if !prefixes.is_empty() => {
                    rules.prefixes.push((lower(source), prefixes.iter().map(|prefix| lower(prefix)).collect()));
                }
                ["none", reason, source, ref names @ ..] => {
                    let found = NoPermission::NAMES.iter().find(|(name, _)| *name == reason);
                    let (_, reason) = *found.ok_or_else(|| wrong("an unknown reason for no permission"))?;
                    for name in names {
                        rules.add(source, name, None, Meaning::None(reason));
                    }
                }
                ["event", source, name, ref rest @ ..] => {
                    let (given, actions) = match rest {
                        [field, "=", actions @ ..] if field.starts_with('?') => (Some(&field[1..]), actions),
                        ["=", actions @ ..] => (None, actions),
                        _ => return Err(wrong("expected: event SOURCE NAME [?FIELD] = ACTION...")),
                    };
                    let (one_of, actions) = match actions {
                        ["one-of", actions @ ..] => (true, actions),
                        actions => (false, actions),
                    };
                    if actions.is_empty() || actions.iter().any(|action| !action.contains(':')) {
                        return Err(wrong("an event without actions"));
                    }
                    let actions = actions.iter().map(|action| (*action).into()).collect();
                    let meaning = if one_of { Meaning::OneOf(actions) } else { Meaning::All(actions) };
                    rules.add(source, name, given, meaning);
                }
                [word @ ("resource" | "guess"), service, kind, template] => {
                    let source = if word == "guess" { ArnSource::Guessed } else { ArnSource::Built };
                    let (service, kind) = (lower(service), kind.into());
                    rules.resources.push(ResourceRule { service, kind, template: template.into(), source });
                }
                _ => return Err(wrong("a rule of an unknown kind")),
            }
        }
        rules.prefixes.sort();
        // Stable: of two rules for one name the first in the text is asked first.
        rules.named.sort_by(|a, b| (&*a.source, &*a.name).cmp(&(&*b.source, &*b.name)));
        rules.resources.sort_by(|a, b| a.service.cmp(&b.service));
        Ok(rules)
    }

    fn add(&mut self, source: &str, name: &str, given: Option<&str>, meaning: Meaning) {
        let (list, name) = match name.strip_suffix('*') {
            Some(begin) => (&mut self.patterns, begin),
            None => (&mut self.named, name),
        };
        list.push(Rule { source: lower(source), name: lower(name), given: given.map(Into::into), meaning });
    }

    /// The actions that the rules name, for checking them against a table.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.named.iter().chain(&self.patterns).flat_map(|rule| match &rule.meaning {
            Meaning::All(actions) | Meaning::OneOf(actions) => actions.iter().map(|action| &**action).collect(),
            Meaning::None(_) => Vec::new(),
        })
    }

    /// Service and resource type of the rules for ARNs, for checking them against a table.
    pub fn resource_types(&self) -> impl Iterator<Item = (&str, &str)> {
        self.resources.iter().map(|rule| (&*rule.service, &*rule.kind))
    }

    /// All paths that the rules may ask an event for, sorted: what has to be read of it.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = ["awsRegion", "recipientAccountId", "eventType"].map(str::to_owned).into();
        for rule in self.named.iter().chain(&self.patterns) {
            paths.extend(rule.given.iter().map(|field| format!("requestParameters.{field}")));
        }
        for rule in &self.resources {
            let holes = rule.template.split('{').skip(1).filter_map(|rest| rest.split('}').next());
            let fields = holes.filter(|hole| !matches!(*hole, "partition" | "region" | "account"));
            paths.extend(fields.map(|hole| path_of(hole).0));
        }
        paths.sort();
        paths.dedup();
        paths
    }

    /// The request parameters that tell events of one name apart: all that [`EventRules::action`] asks for beside
    /// `eventType`.
    pub fn deciding_paths(&self) -> impl Iterator<Item = String> {
        let given = self.named.iter().chain(&self.patterns).filter_map(|rule| rule.given.as_deref());
        let names: std::collections::BTreeSet<&str> = given.collect();
        names.into_iter().map(|name| format!("requestParameters.{name}"))
    }

    /// What the ARNs of a service's resources are built from: all that [`EventRules::resource`] asks for beside the
    /// event's `resources`, region and account.
    pub fn resource_paths<'r>(&'r self, service: &'r str) -> impl Iterator<Item = String> + 'r {
        let rules = self.resources.iter().filter(move |rule| compare(&rule.service, service).is_eq());
        rules.flat_map(|rule| {
            let holes = rule.template.split('{').skip(1).filter_map(|rest| rest.split('}').next());
            let fields = holes.filter(|hole| !matches!(*hole, "partition" | "region" | "account"));
            fields.map(|hole| path_of(hole).0)
        })
    }

    /// The action of an event. `source` is its `eventSource`, with or without `.amazonaws.com`.
    pub fn action<'c>(
        &self,
        catalogue: &'c Catalogue,
        source: &str,
        name: &str,
        fields: &dyn EventFields,
    ) -> EventAction<'c> {
        match fields.text("eventType").as_deref() {
            Some("AwsServiceEvent" | "AwsCloudTrailInsight") => {
                return EventAction::NoPermission(NoPermission::ServiceEvent);
            }
            Some("AwsConsoleSignIn") => return EventAction::NoPermission(NoPermission::SignIn),
            _ => {}
        }
        let source = source.split(".amazonaws.com").next().unwrap_or(source);
        let bare = without_version(name);
        for name in [Some(name), (bare != name).then_some(bare)].into_iter().flatten() {
            if let Some(found) = self.named(catalogue, source, name, fields) {
                return found;
            }
            if let Some(action) = self.direct(catalogue, source, name) {
                return EventAction::Known(action);
            }
        }
        let pattern = self.patterns.iter().find(|rule| {
            rule.source.eq_ignore_ascii_case(source)
                && bare.get(..rule.name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(&rule.name))
        });
        pattern.map_or(EventAction::Unknown, |rule| rule.meaning.resolve(catalogue))
    }

    fn named<'c>(
        &self,
        catalogue: &'c Catalogue,
        source: &str,
        name: &str,
        fields: &dyn EventFields,
    ) -> Option<EventAction<'c>> {
        let order = |rule: &Rule| compare(&rule.source, source).then_with(|| compare(&rule.name, name));
        let start = self.named.partition_point(|rule| order(rule).is_lt());
        let rules = self.named[start..].iter().take_while(|rule| order(rule).is_eq());
        let mut rules = rules.filter(|rule| match &rule.given {
            Some(field) => fields.text(&format!("requestParameters.{field}")).is_some(),
            None => true,
        });
        rules.next().map(|rule| rule.meaning.resolve(catalogue))
    }

    /// The action of the event's own name.
    fn direct<'c>(&self, catalogue: &'c Catalogue, source: &str, name: &str) -> Option<ActionInfo<'c>> {
        let found = self.prefixes.binary_search_by(|(known, _)| compare(known, source));
        match found {
            Ok(index) => self.prefixes[index].1.iter().find_map(|prefix| catalogue.service(prefix)?.action(name)),
            Err(_) => catalogue.service(source)?.action(name),
        }
    }

    /// The resource of an event for an action of it.
    pub fn resource(&self, action: ActionInfo<'_>, fields: &dyn EventFields) -> EventResource {
        if action.resources().len() == 0 {
            return EventResource::Everything;
        }
        if let Some(arn) = told(action, fields) {
            return EventResource::Arn { arn, source: ArnSource::Told };
        }
        let service = action.service().prefix();
        let start = self.resources.partition_point(|rule| compare(&rule.service, service).is_lt());
        let rules = self.resources[start..].iter().take_while(|rule| compare(&rule.service, service).is_eq());
        // What must be given comes before what may be.
        for need in [Need::Required, Need::Optional] {
            for rule in rules.clone() {
                let fits =
                    action.resources().any(|one| one.need() == need && one.resource_type().name() == &*rule.kind);
                if fits && let Some((arn, source)) = rule.build(fields) {
                    return EventResource::Arn { arn, source };
                }
            }
        }
        EventResource::Unknown
    }
}

impl EventRules {
    /// All resources that an event names for an action of it: those it tells, and for each type of which it tells none
    /// the one that its parameters name. `forms`: of the action's service.
    pub fn resources<'c>(
        &self,
        action: ActionInfo<'c>,
        forms: &ArnForms<'c>,
        fields: &dyn EventFields,
    ) -> Vec<NamedResource<'c>> {
        let mut named: Vec<NamedResource<'c>> = Vec::new();
        fields.resource_arns(&mut |arn| {
            // `arn:aws:s3:::notes/a` is of the form of a bucket's ARN too: the closer form counts.
            let (mut closest, mut best) = (0, None);
            forms.each_of(arn, &mut |name, close| {
                closest = closest.max(close);
                let is_better = best.as_ref().is_none_or(|(known, _)| close >= *known);
                if is_better && let Some(one) = action.resources().find(|one| one.resource_type().name() == name) {
                    best = Some((close, one));
                }
            });
            let Some((_, best)) = best.filter(|(close, _)| *close == closest) else { return };
            let is_known = named.iter().any(|one| one.arn == arn);
            if !is_known {
                let (kind, need) = (best.resource_type(), best.need());
                named.push(NamedResource { kind, need, arn: arn.to_owned(), source: ArnSource::Told });
            }
        });
        let service = action.service().prefix();
        let start = self.resources.partition_point(|rule| compare(&rule.service, service).is_lt());
        let rules = self.resources[start..].iter().take_while(|rule| compare(&rule.service, service).is_eq());
        for rule in rules {
            let of_rule = |one: &ActionResource<'c>| one.resource_type().name() == &*rule.kind;
            let Some(one) = action.resources().find(of_rule) else { continue };
            if named.iter().any(|known| known.kind.name() == &*rule.kind) {
                continue;
            }
            if let Some((arn, source)) = rule.build(fields) {
                named.push(NamedResource { kind: one.resource_type(), need: one.need(), arn, source });
            }
        }
        named
    }
}

impl Meaning {
    fn resolve<'c>(&self, catalogue: &'c Catalogue) -> EventAction<'c> {
        let find = |actions: &[Box<str>]| -> Vec<ActionInfo<'c>> {
            actions.iter().filter_map(|action| catalogue.action(action)).collect()
        };
        match self {
            Meaning::None(reason) => EventAction::NoPermission(*reason),
            Meaning::OneOf(actions) => match find(actions) {
                found if found.is_empty() => EventAction::Unknown,
                found => EventAction::OneOf(found),
            },
            Meaning::All(actions) => match find(actions)[..] {
                [] => EventAction::Unknown,
                [one] if actions.len() == 1 => EventAction::Known(one),
                // An action that the table lacks must not make the call look cheaper than it is.
                ref found if found.len() < actions.len() => EventAction::Unknown,
                ref found => EventAction::Several(found.to_vec()),
            },
        }
    }
}

/// An ARN that the event tells and that is of one of the action's resource types.
fn told(action: ActionInfo<'_>, fields: &dyn EventFields) -> Option<String> {
    let mut found: Option<(usize, String)> = None;
    fields.resource_arns(&mut |arn| {
        let rank = action.resources().enumerate().find_map(|(rank, resource)| {
            let fits = resource.resource_type().arn().meets(arn) == ArnMatch::Some;
            fits.then_some(if resource.need() == Need::Required { rank } else { rank + 1000 })
        });
        // Of an object and its bucket, the longer one is what was asked for.
        let better = |rank: usize| match &found {
            None => true,
            Some((best, kept)) => (rank, std::cmp::Reverse(arn.len())) < (*best, std::cmp::Reverse(kept.len())),
        };
        if let Some(rank) = rank.filter(|rank| better(*rank)) {
            found = Some((rank, arn.to_owned()));
        }
    });
    found.map(|(_, arn)| arn)
}

/// The path of a hole `{field}` or `{field!begin}`, and what its value may not begin with.
fn path_of(hole: &str) -> (String, Option<&str>) {
    let (field, not) = match hole.split_once('!') {
        Some((field, not)) => (field, Some(not)),
        None => (hole, None),
    };
    let path = match field.strip_prefix('/') {
        Some(path) => path.to_owned(),
        None => format!("requestParameters.{field}"),
    };
    (path, not)
}

impl ResourceRule {
    fn build(&self, fields: &dyn EventFields) -> Option<(String, ArnSource)> {
        let mut arn = String::with_capacity(self.template.len() + 32);
        let mut pieces = self.template.split('{');
        arn.push_str(pieces.next()?);
        let region = fields.text("awsRegion");
        for piece in pieces {
            let (hole, after) = piece.split_once('}')?;
            match hole {
                "partition" => arn.push_str(partition(region.as_deref().unwrap_or_default())),
                "region" => arn.push_str(region.as_deref()?),
                "account" => arn.push_str(&fields.text("recipientAccountId")?),
                hole => {
                    let (path, not) = path_of(hole);
                    let value = fields.text(&path)?;
                    if value.starts_with("arn:") {
                        return Some((value.into_owned(), ArnSource::Told));
                    }
                    if value.is_empty() || not.is_some_and(|not| value.starts_with(not)) {
                        return None;
                    }
                    // A key that begins with a slash is an object of that name.
                    arn.push_str(&value);
                }
            }
            arn.push_str(after);
        }
        Some((arn, self.source))
    }
}

fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("us-iso-") => "aws-iso",
        region if region.starts_with("us-isob-") => "aws-iso-b",
        _ => "aws",
    }
}

fn lower(text: &str) -> Box<str> {
    text.to_ascii_lowercase().into()
}

/// The name without the API version that some services add: `20150331`, `20150331v2`, `2020_05_31`.
fn without_version(name: &str) -> &str {
    let digits = |text: &str| text.bytes().rev().take_while(u8::is_ascii_digit).count();
    let without_suffix = match name.rfind('v') {
        Some(at) if at + 1 < name.len() && digits(name) == name.len() - at - 1 => &name[..at],
        _ => name,
    };
    for whole in [without_suffix, name] {
        let count = digits(whole);
        if count == 8 && whole.len() > 8 {
            return &whole[..whole.len() - 8];
        }
        let tail = whole.len().checked_sub(10).and_then(|at| whole.get(at..));
        let is_date = |tail: &str| {
            tail.bytes()
                .enumerate()
                .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'_' } else { byte.is_ascii_digit() })
        };
        if tail.is_some_and(is_date) && whole.len() > 10 {
            return &whole[..whole.len() - 10];
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_taken_off() {
        for (name, expected) in [
            ("CreateFunction20150331", "CreateFunction"),
            ("GetFunction20150331v2", "GetFunction"),
            ("CreateDistribution2020_05_31", "CreateDistribution"),
            ("ListObjectsV2", "ListObjectsV2"),
            ("20150331", "20150331"),
            ("Describe2015", "Describe2015"),
            ("v2", "v2"),
            ("", ""),
        ] {
            assert_eq!(without_version(name), expected);
        }
    }

    #[test]
    fn broken_rules_are_told_by_line() {
        for (text, line) in
            [("what", 1), ("\nprefix a", 2), ("event s3 X s3:Y", 1), ("none why s3 X", 1), ("event a b =", 1)]
        {
            assert_eq!(EventRules::read(text).unwrap_err().line, line, "{text}");
        }
    }
}
