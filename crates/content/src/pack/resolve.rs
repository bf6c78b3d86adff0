//! Gives parameters their values, decides conditions, and reads what is left as rules.

use std::collections::BTreeMap;
use std::ops::Range;

use haechi_model::{ResourceType, Scope};
use serde_json::{Map, Value};

use super::expr::{Condition, Expr, ExprKind, Reference};
use super::resolved::{
    CustomPolicy, Frequency, Owner, Places, Remediation, ResolvedPack, ResolvedResource, ResolvedRule, SkippedResource,
};
use super::{MOST_ERRORS, Pack, PackError, ParameterValues, Resource};
use crate::source::Diagnostic;

/// Bytes of text that references may unfold to.
const MOST_BYTES: usize = 16 << 20;

type Wrong = Box<Diagnostic>;

/// Parameters by name, and where each stands.
type InputParameters = (BTreeMap<String, String>, BTreeMap<String, Range<usize>>);

pub(super) fn resolve(pack: &Pack, given: &ParameterValues) -> Result<ResolvedPack, Vec<PackError>> {
    let mut resolver = Resolver { pack, given, values: BTreeMap::new(), decided: BTreeMap::new(), bytes: 0 };
    let mut errors = resolver.parameters();
    if errors.is_empty() {
        for (name, condition) in &pack.conditions {
            match resolver.decide(condition) {
                Ok(holds) => {
                    resolver.decided.insert(name, holds);
                }
                Err(error) => errors.push(*error),
            }
        }
    }
    let mut resolved = ResolvedPack {
        name: pack.name().to_owned(),
        parameters: resolver.values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        rules: Vec::new(),
        remediations: Vec::new(),
        other: Vec::new(),
        skipped: Vec::new(),
        source: pack.source.clone(),
    };
    if errors.is_empty() {
        for resource in &pack.resources {
            if errors.len() >= MOST_ERRORS {
                break;
            }
            if let Err(error) = resolver.resource(resource, &mut resolved) {
                errors.push(*error);
            }
        }
    }
    if errors.is_empty() { Ok(resolved) } else { Err(errors) }
}

/// A value without functions, with its place.
struct Resolved {
    span: Range<usize>,
    kind: ResolvedKind,
}

enum ResolvedKind {
    Text(String),
    List(Vec<Resolved>),
    Map(Vec<(String, Range<usize>, Resolved)>),
}

impl Resolved {
    fn get(&self, key: &str) -> Option<&Resolved> {
        match &self.kind {
            ResolvedKind::Map(entries) => entries.iter().find(|(name, ..)| name == key).map(|(_, _, value)| value),
            _ => None,
        }
    }

    /// The value as JSON; scalars are texts, as AWS passes them.
    fn json(&self) -> Value {
        match &self.kind {
            ResolvedKind::Text(text) => Value::String(text.clone()),
            ResolvedKind::List(list) => Value::Array(list.iter().map(Resolved::json).collect()),
            ResolvedKind::Map(entries) => {
                let entries = entries.iter().map(|(name, _, value)| (name.clone(), value.json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

struct Resolver<'a> {
    pack: &'a Pack,
    given: &'a ParameterValues,
    values: BTreeMap<&'a str, &'a str>,
    decided: BTreeMap<&'a str, bool>,
    bytes: usize,
}

impl<'a> Resolver<'a> {
    /// The effective value of each parameter, and what is wrong with those given.
    fn parameters(&mut self) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        let source = &self.pack.source;
        for name in self.given.values.keys() {
            if !self.pack.parameters.iter().any(|parameter| parameter.name == *name) {
                let message = format!("the pack `{}` has no parameter `{name}`", self.pack.name());
                let known = self.pack.parameters.iter().map(|parameter| parameter.name.as_str());
                errors.push(source.whole(message).suggest(name, known));
            }
        }
        for parameter in &self.pack.parameters {
            if errors.len() >= MOST_ERRORS {
                break;
            }
            let given = self.given.values.get(&parameter.name);
            let Some(value) = given.or(parameter.default.as_ref()) else {
                let message = format!("the parameter `{}` has no default and no value is given", parameter.name);
                let help = format!("give one: --param {}=VALUE", parameter.name);
                errors.push(source.diagnostic(parameter.span.clone(), message).help(help));
                continue;
            };
            if let Some(reason) = parameter.refuses(value) {
                errors.push(source.diagnostic(parameter.span.clone(), reason));
            }
            self.values.insert(&parameter.name, value);
        }
        errors
    }

    fn decide(&mut self, condition: &'a Condition) -> Result<bool, Wrong> {
        Ok(match condition {
            Condition::Equals(left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                left.map(|one| one.json()) == right.map(|one| one.json())
            }
            Condition::Not(inner) => !self.decide(inner)?,
            Condition::All(list) => {
                let decided = list.iter().map(|one| self.decide(one)).collect::<Result<Vec<_>, _>>()?;
                decided.into_iter().all(|holds| holds)
            }
            Condition::Any(list) => {
                let decided = list.iter().map(|one| self.decide(one)).collect::<Result<Vec<_>, _>>()?;
                decided.into_iter().any(|holds| holds)
            }
            Condition::Named(name) => self.holds(name),
        })
    }

    /// Conditions are decided in an order in which what one needs comes first.
    fn holds(&self, name: &str) -> bool {
        self.decided.get(name).copied().unwrap_or_default()
    }

    /// A value without its functions; `None` when nothing is left of it.
    fn value(&mut self, expr: &'a Expr) -> Result<Option<Resolved>, Wrong> {
        let kind = match &expr.kind {
            ExprKind::Nothing => return Ok(None),
            ExprKind::Text(text) => ResolvedKind::Text(self.counted(text, &expr.span)?.to_owned()),
            ExprKind::Ref(reference) => {
                let text = self.reference(reference, &expr.span)?;
                ResolvedKind::Text(self.counted(text, &expr.span)?.to_owned())
            }
            ExprKind::If(name, yes, no) => {
                let chosen = if self.holds(name) { yes } else { no };
                return self.value(chosen);
            }
            ExprKind::Join(delimiter, parts) => ResolvedKind::Text(self.join(delimiter, parts)?),
            ExprKind::List(list) => {
                let mut items = Vec::with_capacity(list.len());
                for one in list {
                    items.extend(self.value(one)?);
                }
                ResolvedKind::List(items)
            }
            ExprKind::Map(entries) => {
                let mut kept = Vec::with_capacity(entries.len());
                for (name, span, value) in entries {
                    if let Some(value) = self.value(value)? {
                        kept.push((name.clone(), span.clone(), value));
                    }
                }
                ResolvedKind::Map(kept)
            }
        };
        Ok(Some(Resolved { span: expr.span.clone(), kind }))
    }

    fn join(&mut self, delimiter: &str, parts: &'a [Expr]) -> Result<String, Wrong> {
        let mut joined = String::new();
        let mut first = true;
        for part in parts {
            let Some(value) = self.value(part)? else { continue };
            let ResolvedKind::Text(text) = value.kind else {
                return Err(self.wrong(&part.span, "a text is joined here, not a list or a map"));
            };
            if !first {
                joined.push_str(self.counted(delimiter, &part.span)?);
            }
            first = false;
            joined.push_str(&text);
        }
        Ok(joined)
    }

    fn reference(&self, reference: &Reference, span: &Range<usize>) -> Result<&'a str, Wrong> {
        match reference {
            Reference::Parameter(name) => Ok(self.values.get(name.as_str()).copied().unwrap_or_default()),
            Reference::Pseudo(pseudo) => self.given.pseudo(*pseudo).ok_or_else(|| {
                let message = format!("`{}` has no value here", pseudo.as_str());
                let error = self.pack.source.diagnostic(span.clone(), message);
                Box::new(error.help("resolve the pack for an account and a region"))
            }),
        }
    }

    /// Counts a text against the limit before it is copied.
    fn counted<'t>(&mut self, text: &'t str, span: &Range<usize>) -> Result<&'t str, Wrong> {
        self.bytes += text.len();
        if self.bytes > MOST_BYTES {
            return Err(self.wrong(span, format!("the pack unfolds to more than {MOST_BYTES} bytes")));
        }
        Ok(text)
    }

    fn wrong(&self, span: &Range<usize>, message: impl Into<String>) -> Wrong {
        Box::new(self.pack.source.diagnostic(span.clone(), message))
    }

    fn resource(&mut self, resource: &'a Resource, into: &mut ResolvedPack) -> Result<(), Wrong> {
        if let Some(condition) = &resource.condition
            && !self.holds(condition)
        {
            let skipped = SkippedResource { logical_id: resource.logical_id.clone(), condition: condition.clone() };
            into.skipped.push(skipped);
            return Ok(());
        }
        let empty = Resolved { span: resource.properties.span.clone(), kind: ResolvedKind::Map(Vec::new()) };
        let properties = self.value(&resource.properties)?.unwrap_or(empty);
        match resource.kind.as_str() {
            "AWS::Config::ConfigRule" => into.rules.push(self.rule(resource, &properties)?),
            "AWS::Config::RemediationConfiguration" => {
                let remediation = Remediation {
                    logical_id: resource.logical_id.clone(),
                    config_rule_name: self.required(&properties, "ConfigRuleName")?.0,
                    target_id: self.required(&properties, "TargetId")?.0,
                    automatic: self.text(&properties, "Automatic")?.is_some_and(|(text, _)| text == "true"),
                    properties: properties.json(),
                    position: resource.position,
                };
                into.remediations.push(remediation);
            }
            kind => into.other.push(ResolvedResource {
                logical_id: resource.logical_id.clone(),
                kind: kind.to_owned(),
                properties: properties.json(),
                position: resource.position,
            }),
        }
        Ok(())
    }

    fn rule(&self, resource: &Resource, properties: &Resolved) -> Result<ResolvedRule, Wrong> {
        let Some(source) = properties.get("Source") else {
            return Err(self.wrong(&properties.span, format!("the rule `{}` has no `Source`", resource.logical_id)));
        };
        let (owner, owner_span) = self.required(source, "Owner")?;
        let Some(owner) = Owner::ALL.into_iter().find(|one| one.as_str() == owner) else {
            let error = self.wrong(&owner_span, format!("`{owner}` owns no rules"));
            return Err(Box::new(error.help(format!("one of: {}", Owner::ALL.map(Owner::as_str).join(", ")))));
        };
        let (identifier, identifier_span) = match owner {
            Owner::CustomPolicy => {
                self.text(source, "SourceIdentifier")?.unwrap_or((String::new(), source.span.clone()))
            }
            _ => self.required(source, "SourceIdentifier")?,
        };
        let custom_policy = match (owner, source.get("CustomPolicyDetails")) {
            (Owner::CustomPolicy, None) => {
                return Err(self.wrong(&source.span, "a custom policy has `CustomPolicyDetails`"));
            }
            (_, Some(details)) => Some(CustomPolicy {
                runtime: self.required(details, "PolicyRuntime")?.0,
                text: self.required(details, "PolicyText")?.0,
            }),
            _ => None,
        };
        let frequency = match self.text(properties, "MaximumExecutionFrequency")? {
            None => None,
            Some((text, span)) => Some(text.parse::<Frequency>().map_err(|message| self.wrong(&span, message))?),
        };
        let (parameters, places) = self.input_parameters(properties)?;
        Ok(ResolvedRule {
            config_rule_name: match self.text(properties, "ConfigRuleName")? {
                Some((name, _)) => name,
                None => resource.logical_id.clone(),
            },
            logical_id: resource.logical_id.clone(),
            description: self.text(properties, "Description")?.map(|(text, _)| text),
            owner,
            identifier,
            custom_policy,
            source_details: source.get("SourceDetails").map(Resolved::json).unwrap_or_default(),
            parameters,
            scope: self.scope(properties)?,
            frequency,
            evaluation_modes: self.modes(properties),
            controls: resource.controls.clone(),
            depends_on: resource.depends_on.clone(),
            extra: resource.extra.clone(),
            position: resource.position,
            places: Places { identifier: identifier_span, parameters: places },
        })
    }

    /// Texts by name; a list or a map becomes its JSON, as in AWS's API.
    fn input_parameters(&self, properties: &Resolved) -> Result<InputParameters, Wrong> {
        let (mut parameters, mut places) = (BTreeMap::new(), BTreeMap::new());
        match properties.get("InputParameters").map(|input| (input, &input.kind)) {
            None => {}
            Some((_, ResolvedKind::Map(entries))) => {
                for (name, span, value) in entries {
                    let text = match &value.kind {
                        ResolvedKind::Text(text) => text.clone(),
                        _ => value.json().to_string(),
                    };
                    parameters.insert(name.clone(), text);
                    places.insert(name.clone(), span.clone());
                }
            }
            // The API's form: a JSON object in a text.
            Some((input, ResolvedKind::Text(text))) => {
                let Ok(Value::Object(object)) = serde_json::from_str(text) else {
                    return Err(self.wrong(&input.span, "`InputParameters` is a map, or a JSON object in a text"));
                };
                for (name, value) in object {
                    let text = match value {
                        Value::String(text) => text,
                        Value::Null => continue,
                        other => other.to_string(),
                    };
                    places.insert(name.clone(), input.span.clone());
                    parameters.insert(name, text);
                }
            }
            Some((input, ResolvedKind::List(_))) => {
                return Err(self.wrong(&input.span, "`InputParameters` is a map of names and values"));
            }
        }
        Ok((parameters, places))
    }

    fn scope(&self, properties: &Resolved) -> Result<Option<Scope>, Wrong> {
        let Some(scope) = properties.get("Scope") else { return Ok(None) };
        let mut resource_types = Vec::new();
        match scope.get("ComplianceResourceTypes").map(|types| (types, &types.kind)) {
            None => {}
            Some((_, ResolvedKind::List(list))) => {
                for one in list {
                    let ResolvedKind::Text(name) = &one.kind else {
                        return Err(self.wrong(&one.span, "a resource type is a text"));
                    };
                    resource_types
                        .push(ResourceType::parse(name).map_err(|error| self.wrong(&one.span, error.to_string()))?);
                }
            }
            Some((types, _)) => return Err(self.wrong(&types.span, "`ComplianceResourceTypes` is a list")),
        }
        let text = |key: &str| self.text(scope, key).map(|found| found.map(|(text, _)| text));
        Ok(Some(Scope {
            resource_types,
            resource_id: text("ComplianceResourceId")?,
            tag_key: text("TagKey")?,
            tag_value: text("TagValue")?,
        }))
    }

    /// `EvaluationModes: [{Mode: DETECTIVE}]`
    fn modes(&self, properties: &Resolved) -> Vec<String> {
        match properties.get("EvaluationModes").map(|modes| &modes.kind) {
            Some(ResolvedKind::List(list)) => list
                .iter()
                .filter_map(|one| match &one.get("Mode").unwrap_or(one).kind {
                    ResolvedKind::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn required(&self, map: &Resolved, key: &str) -> Result<(String, Range<usize>), Wrong> {
        self.text(map, key)?.ok_or_else(|| self.wrong(&map.span, format!("`{key}` is missing")))
    }

    fn text(&self, map: &Resolved, key: &str) -> Result<Option<(String, Range<usize>)>, Wrong> {
        match map.get(key).map(|value| (value, &value.kind)) {
            None => Ok(None),
            Some((value, ResolvedKind::Text(text))) => Ok(Some((text.clone(), value.span.clone()))),
            Some((value, _)) => Err(self.wrong(&value.span, format!("`{key}` is one value, no list or map"))),
        }
    }
}
