//! CloudFormation's functions as far as conformance packs use them: `Ref`, `Fn::If`, `Fn::Sub`, `Fn::Join`
//! in values; `Fn::Equals`, `Fn::Not`, `Fn::And`, `Fn::Or`, `Condition` in conditions; long form or tag.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::MOST_ERRORS;
use crate::source::{Diagnostic, Source, nearest};
use crate::yaml::{Node, NodeValue, Style};

/// A value of a template, with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    pub span: Range<usize>,
    pub kind: ExprKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    Text(String),
    /// Null, or `Ref: AWS::NoValue`: as if the key were not there.
    Nothing,
    Ref(Reference),
    If(String, Box<Expr>, Box<Expr>),
    Join(String, Vec<Expr>),
    List(Vec<Expr>),
    Map(Vec<(String, Range<usize>, Expr)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reference {
    Parameter(String),
    Pseudo(Pseudo),
}

/// What CloudFormation knows of where the template is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pseudo {
    Region,
    AccountId,
    Partition,
}

impl Pseudo {
    const ALL: [Pseudo; 3] = [Pseudo::Region, Pseudo::AccountId, Pseudo::Partition];

    pub const fn as_str(self) -> &'static str {
        match self {
            Pseudo::Region => "AWS::Region",
            Pseudo::AccountId => "AWS::AccountId",
            Pseudo::Partition => "AWS::Partition",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    Equals(Expr, Expr),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Named(String),
}

impl Condition {
    /// The conditions that this one refers to, within values too.
    pub fn needs(&self, found: &mut BTreeSet<String>) {
        match self {
            Condition::Equals(left, right) => [left, right].into_iter().for_each(|side| side.needs(found)),
            Condition::Not(inner) => inner.needs(found),
            Condition::All(list) | Condition::Any(list) => list.iter().for_each(|one| one.needs(found)),
            Condition::Named(name) => {
                found.insert(name.clone());
            }
        }
    }
}

impl Expr {
    fn needs(&self, found: &mut BTreeSet<String>) {
        match &self.kind {
            ExprKind::If(name, yes, no) => {
                found.insert(name.clone());
                yes.needs(found);
                no.needs(found);
            }
            ExprKind::Join(_, list) | ExprKind::List(list) => list.iter().for_each(|one| one.needs(found)),
            ExprKind::Map(entries) => entries.iter().for_each(|(_, _, value)| value.needs(found)),
            ExprKind::Text(_) | ExprKind::Nothing | ExprKind::Ref(_) => {}
        }
    }
}

/// Functions that read a value, and those that decide a condition.
const IN_VALUES: [&str; 4] = ["Ref", "Fn::If", "Fn::Sub", "Fn::Join"];
const IN_CONDITIONS: [&str; 5] = ["Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or", "Condition"];

/// Placeholders in one text: what they stand for is copied.
const MOST_PLACEHOLDERS: usize = 50;

/// Compiles values and conditions; collects what is wrong with them.
pub(crate) struct Compiler<'a> {
    pub source: &'a Source,
    pub parameters: BTreeSet<String>,
    pub conditions: BTreeSet<String>,
    pub errors: Vec<Diagnostic>,
}

/// A function and its argument, in either form.
struct Call<'a> {
    name: String,
    argument: &'a Node,
    span: Range<usize>,
}

impl Compiler<'_> {
    /// A value; one that is wrong is noted and becomes nothing.
    pub fn value(&mut self, node: &Node) -> Expr {
        if self.errors.len() >= MOST_ERRORS {
            return Expr { span: node.span(), kind: ExprKind::Nothing };
        }
        let kind = match self.try_value(node) {
            Ok(kind) => kind,
            Err(error) => {
                self.errors.push(*error);
                ExprKind::Nothing
            }
        };
        Expr { span: node.span(), kind }
    }

    pub fn condition(&mut self, node: &Node) -> Option<Condition> {
        if self.errors.len() >= MOST_ERRORS {
            return None;
        }
        match self.try_condition(node) {
            Ok(condition) => Some(condition),
            Err(error) => {
                self.errors.push(*error);
                None
            }
        }
    }

    fn try_value(&mut self, node: &Node) -> Result<ExprKind, Box<Diagnostic>> {
        if let Some(call) = self.call(node)? {
            return self.function(&call);
        }
        Ok(match &node.value {
            NodeValue::Scalar { .. } if node.is_null() => ExprKind::Nothing,
            NodeValue::Scalar { text, style } => ExprKind::Text(plain_text(text, *style)),
            NodeValue::List(list) => ExprKind::List(list.iter().map(|one| self.value(one)).collect()),
            NodeValue::Map(entries) => {
                let entry = |(key, value): &(Node, Node)| {
                    (key.text().unwrap_or_default().to_owned(), key.span(), self.value(value))
                };
                ExprKind::Map(entries.iter().map(entry).collect())
            }
        })
    }

    /// The function that a node calls, if it calls one.
    fn call<'n>(&self, node: &'n Node) -> Result<Option<Call<'n>>, Box<Diagnostic>> {
        let call = if let Some(tag) = &node.tag {
            let name = match &**tag {
                "Ref" | "Condition" => tag.to_string(),
                name => format!("Fn::{name}"),
            };
            Call { name, argument: node, span: node.span() }
        } else {
            match node.entries() {
                Some([(key, argument)]) => match key.text() {
                    Some(name) if name == "Ref" || name.starts_with("Fn::") => {
                        Call { name: name.to_owned(), argument, span: key.span() }
                    }
                    _ => return Ok(None),
                },
                _ => return Ok(None),
            }
        };
        let known = IN_VALUES.iter().chain(&IN_CONDITIONS).copied();
        if known.clone().any(|name| name == call.name) {
            return Ok(Some(call));
        }
        let error = self.wrong(call.span, format!("the function `{}` is not known in conformance packs", call.name));
        Err(Box::new(match nearest(&call.name, known) {
            Some(meant) => error.help(format!("did you mean `{meant}`?")),
            None => error.help(format!("known are: {}", [&IN_VALUES[..], &IN_CONDITIONS[..]].concat().join(", "))),
        }))
    }

    fn function(&mut self, call: &Call<'_>) -> Result<ExprKind, Box<Diagnostic>> {
        match call.name.as_str() {
            "Ref" => {
                let name = self.text(call.argument, "`Ref` takes a name")?;
                self.reference(name, call.argument.span())
            }
            "Fn::If" => {
                let [condition, yes, no] = self.arguments(call, "a condition's name and two values")?;
                let name = self.text(condition, "`Fn::If` takes a condition's name first")?.to_owned();
                self.known_condition(&name, condition.span())?;
                Ok(ExprKind::If(name, Box::new(self.value(yes)), Box::new(self.value(no))))
            }
            "Fn::Sub" => self.sub(call),
            "Fn::Join" => {
                let [delimiter, parts] = self.arguments(call, "a delimiter and a list")?;
                let delimiter = self.text(delimiter, "`Fn::Join` takes a delimiter first")?.to_owned();
                let Some(list) = parts.list() else {
                    return Err(Box::new(self.wrong(parts.span(), "`Fn::Join` takes a list second")));
                };
                Ok(ExprKind::Join(delimiter, list.iter().map(|one| self.value(one)).collect()))
            }
            name => {
                let error = self.wrong(call.span.clone(), format!("`{name}` decides a condition; it is no value"));
                Err(Box::new(error.help("use it under Conditions, and `Fn::If` here")))
            }
        }
    }

    fn reference(&self, name: &str, span: Range<usize>) -> Result<ExprKind, Box<Diagnostic>> {
        if name == "AWS::NoValue" {
            return Ok(ExprKind::Nothing);
        }
        if let Some(pseudo) = Pseudo::ALL.into_iter().find(|pseudo| pseudo.as_str() == name) {
            return Ok(ExprKind::Ref(Reference::Pseudo(pseudo)));
        }
        if self.parameters.contains(name) {
            return Ok(ExprKind::Ref(Reference::Parameter(name.to_owned())));
        }
        let known =
            self.parameters.iter().map(String::as_str).chain(Pseudo::ALL.map(Pseudo::as_str)).chain(["AWS::NoValue"]);
        let error = self.wrong(span, format!("there is no parameter `{name}`"));
        Err(Box::new(error.suggest(name, known)))
    }

    /// `text with ${Name}`, or that and a map of values; `${!x}` stands for `${x}`.
    fn sub(&mut self, call: &Call<'_>) -> Result<ExprKind, Box<Diagnostic>> {
        let (template, given) = match call.argument.list() {
            Some([template, given]) => (template, Some(given)),
            Some(_) => {
                return Err(Box::new(self.wrong(call.span.clone(), "`Fn::Sub` takes a text, or a text and a map")));
            }
            None => (call.argument, None),
        };
        let text = self.text(template, "`Fn::Sub` takes a text")?.to_owned();
        let mut own = BTreeMap::new();
        for (key, value) in given.and_then(Node::entries).unwrap_or_default() {
            let compiled = self.value(value);
            if !matches!(compiled.kind, ExprKind::Text(_) | ExprKind::Ref(_)) {
                return Err(Box::new(self.wrong(value.span(), "`Fn::Sub` takes texts and `Ref`s in its map")));
            }
            own.insert(key.text().unwrap_or_default(), compiled);
        }
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        let literal = |text: &str| Expr { span: template.span(), kind: ExprKind::Text(text.to_owned()) };
        while let Some(at) = rest.find("${") {
            let Some(end) = rest[at..].find('}') else {
                return Err(Box::new(self.wrong(template.span(), "`${` without `}`")));
            };
            if parts.len() >= 2 * MOST_PLACEHOLDERS {
                let message = format!("`Fn::Sub` takes at most {MOST_PLACEHOLDERS} placeholders");
                return Err(Box::new(self.wrong(template.span(), message)));
            }
            parts.push(literal(&rest[..at]));
            let name = &rest[at + 2..at + end];
            parts.push(match (name.strip_prefix('!'), own.get(name)) {
                (Some(kept), _) => literal(&format!("${{{kept}}}")),
                (None, Some(value)) => value.clone(),
                (None, None) => Expr { span: template.span(), kind: self.reference(name, template.span())? },
            });
            rest = &rest[at + end + 1..];
        }
        parts.push(literal(rest));
        Ok(ExprKind::Join(String::new(), parts))
    }

    fn try_condition(&mut self, node: &Node) -> Result<Condition, Box<Diagnostic>> {
        // In the long form `Condition` is a key like the functions, but only here.
        if let Some([(key, name)]) = node.entries().filter(|_| node.tag.is_none())
            && key.text() == Some("Condition")
        {
            return self.named(name);
        }
        let Some(call) = self.call(node)? else {
            let error =
                self.wrong(node.span(), "a condition is one of Fn::Equals, Fn::Not, Fn::And, Fn::Or, Condition");
            return Err(Box::new(error));
        };
        match call.name.as_str() {
            "Condition" => self.named(call.argument),
            "Fn::Equals" => {
                let [left, right] = self.arguments(&call, "two values")?;
                Ok(Condition::Equals(self.value(left), self.value(right)))
            }
            "Fn::Not" => {
                let [inner] = self.arguments(&call, "one condition in a list")?;
                Ok(Condition::Not(Box::new(self.try_condition(inner)?)))
            }
            "Fn::And" | "Fn::Or" => {
                let list = call.argument.list().filter(|list| (2..=10).contains(&list.len()));
                let Some(list) = list else {
                    let message = format!("`{}` takes a list of 2 to 10 conditions", call.name);
                    return Err(Box::new(self.wrong(call.span, message)));
                };
                let list = list.iter().map(|one| self.try_condition(one)).collect::<Result<_, _>>()?;
                Ok(if call.name == "Fn::And" { Condition::All(list) } else { Condition::Any(list) })
            }
            name => Err(Box::new(self.wrong(call.span, format!("`{name}` gives a value; it is no condition")))),
        }
    }

    fn named(&self, node: &Node) -> Result<Condition, Box<Diagnostic>> {
        let name = self.text(node, "`Condition` takes a name")?;
        self.known_condition(name, node.span())?;
        Ok(Condition::Named(name.to_owned()))
    }

    pub fn known_condition(&self, name: &str, span: Range<usize>) -> Result<(), Box<Diagnostic>> {
        if self.conditions.contains(name) {
            return Ok(());
        }
        let error = self.wrong(span, format!("there is no condition `{name}`"));
        Err(Box::new(error.suggest(name, self.conditions.iter().map(String::as_str))))
    }

    fn arguments<'n, const N: usize>(&self, call: &Call<'n>, what: &str) -> Result<&'n [Node; N], Box<Diagnostic>> {
        let found = call.argument.list().and_then(|list| <&[Node; N]>::try_from(list).ok());
        found.ok_or_else(|| Box::new(self.wrong(call.span.clone(), format!("`{}` takes {what}", call.name))))
    }

    fn text<'n>(&self, node: &'n Node, message: &str) -> Result<&'n str, Box<Diagnostic>> {
        node.text().ok_or_else(|| Box::new(self.wrong(node.span(), message)))
    }

    fn wrong(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(span, message)
    }
}

/// A scalar as AWS passes it on: CloudFormation reads YAML 1.1, whose truth values have many spellings
/// and become `true` and `false`; numbers stay as they are written.
pub(crate) fn plain_text(text: &str, style: Style) -> String {
    if style != Style::Plain {
        return text.to_owned();
    }
    match text {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => "true".to_owned(),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => "false".to_owned(),
        other => other.to_owned(),
    }
}
