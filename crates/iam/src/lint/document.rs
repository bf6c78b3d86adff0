//! The document as policies have it: elements of the right types are kept, and what is not of the grammar is told.

use super::json::{Member, Node, Value, parse};
use super::{Check, LintKind, Out};
use crate::policy::{Effect, Listing};
use crate::position::Span;

#[derive(Debug)]
pub(super) struct Document<'t> {
    pub span: Span,
    pub version: Option<Node<'t>>,
    pub statements: Vec<Statement<'t>>,
}

/// A statement as far as it could be read.
#[derive(Debug)]
pub(super) struct Statement<'t> {
    pub index: usize,
    pub span: Span,
    pub sid: Option<Node<'t>>,
    pub effect: Option<Effect>,
    pub principal: Option<Element<'t>>,
    pub action: Option<Element<'t>>,
    pub resource: Option<Element<'t>>,
    pub condition: Option<Node<'t>>,
}

/// `Action` or `NotAction` and their like.
#[derive(Debug)]
pub(super) struct Element<'t> {
    pub listing: Listing,
    pub key_span: Span,
    pub node: Node<'t>,
}

impl<'t> Element<'t> {
    /// The strings of it with their places.
    pub fn texts(&self) -> impl Iterator<Item = (&str, Span)> {
        self.node.items().iter().filter_map(|item| Some((item.text()?, item.span)))
    }
}

impl Statement<'_> {
    pub fn allows(&self) -> bool {
        self.effect == Some(Effect::Allow)
    }

    /// The strings of `Action` (not of `NotAction`).
    pub fn actions(&self) -> impl Iterator<Item = (&str, Span)> {
        self.action.iter().filter(|element| element.listing == Listing::Only).flat_map(Element::texts)
    }

    /// The condition blocks: operator, its place, key, its place, value.
    pub fn conditions(&self) -> impl Iterator<Item = (&Member<'_>, &Member<'_>)> {
        let operators = self.condition.iter().filter_map(|node| node.members()).flatten();
        operators.flat_map(|operator| {
            let keys = operator.node.members().unwrap_or_default();
            keys.iter().map(move |key| (operator, key))
        })
    }

    /// Whether some condition names the key.
    pub fn has_key(&self, wanted: &str) -> bool {
        self.conditions().any(|(_, key)| key.key.eq_ignore_ascii_case(wanted))
    }

    /// The principals: their kind (`*` for the bare one) and value.
    pub fn principals(&self) -> Vec<(&str, &str, Span)> {
        let Some(element) = &self.principal else { return Vec::new() };
        match &element.node.value {
            Value::Text(text) => vec![("*", text, element.node.span)],
            Value::Object(members) => {
                let values = members.iter().flat_map(|member| {
                    member.node.items().iter().filter_map(|item| Some((&*member.key, item.text()?, item.span)))
                });
                values.collect()
            }
            _ => Vec::new(),
        }
    }
}

impl<'t> Document<'t> {
    /// Reads the document; none if it is not JSON or no object.
    pub fn read(text: &'t str, out: &mut Out<'_>) -> Option<Document<'t>> {
        let root = match parse(text) {
            Ok(root) => root,
            Err(error) => {
                let what = match text {
                    _ if text.trim().is_empty() => "the document is empty".to_owned(),
                    _ if text.starts_with('\u{feff}') => "it begins with a byte order mark".to_owned(),
                    _ => error.kind().to_string(),
                };
                out.find_named(Check::JsonSyntaxError, error.span(), "what", &what);
                return None;
            }
        };
        let span = root.span;
        let Value::Object(members) = root.value else {
            out.find_with(Check::DataTypeMismatch, span, mismatch("Policy", "object", root.kind()), None);
            return None;
        };
        let mut document = Document { span, version: None, statements: Vec::new() };
        let mut seen: Vec<String> = Vec::new();
        let mut has_statement = false;
        for member in members {
            duplicate(&mut seen, &member, out);
            match &*member.key {
                "Version" => {
                    if is_text(&member, out) {
                        document.version = Some(member.node);
                    }
                }
                "Id" => {
                    is_text(&member, out);
                }
                "Statement" => {
                    has_statement = true;
                    document.statements(member, out);
                }
                name => element_of(name, &["Version", "Id", "Statement"], member.key_span, out),
            }
        }
        if document.statements.is_empty()
            && !(has_statement && out.findings.iter().any(|f| f.check == Check::DataTypeMismatch))
        {
            out.find(Check::MissingStatement, Span::new(span.start, span.start + 1));
        }
        Some(document)
    }

    fn statements(&mut self, member: Member<'t>, out: &mut Out<'_>) {
        let span = member.node.span;
        let items = match member.node.value {
            Value::List(items) => items,
            value => vec![Node { span, value }],
        };
        for (index, item) in items.into_iter().enumerate() {
            out.statement = Some(index);
            let kind = item.kind();
            match item.value {
                Value::Object(members) => {
                    let statement = Statement::read(index, item.span, members, out);
                    self.statements.push(statement);
                }
                _ => out.find_with(Check::DataTypeMismatch, item.span, mismatch("Statement", "object", kind), None),
            }
            out.statement = None;
        }
    }

    /// Which kind of policy it looks like: those of identities name no principal; a trust policy names no resource
    /// and only actions of STS.
    pub fn guess(&self) -> LintKind {
        if !self.statements.iter().any(|statement| statement.principal.is_some()) {
            let only_sts = |statement: &Statement<'_>| {
                statement.actions().next().is_some() && statement.actions().all(|(action, _)| is_sts(action))
            };
            let trusts = self.statements.iter().all(|one| one.resource.is_none() && only_sts(one));
            return if trusts && !self.statements.is_empty() { LintKind::Trust } else { LintKind::Identity };
        }
        let sts = |statement: &Statement<'_>| statement.actions().all(|(action, _)| is_sts(action));
        if self.statements.iter().all(|one| one.resource.is_none() && sts(one)) {
            LintKind::Trust
        } else {
            LintKind::Resource
        }
    }
}

fn is_sts(action: &str) -> bool {
    action.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("sts:"))
}

const STATEMENT_ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

impl<'t> Statement<'t> {
    fn read(index: usize, span: Span, members: Vec<Member<'t>>, out: &mut Out<'_>) -> Statement<'t> {
        let mut statement = Statement {
            index,
            span,
            sid: None,
            effect: None,
            principal: None,
            action: None,
            resource: None,
            condition: None,
        };
        let mut seen: Vec<String> = Vec::new();
        let mut has_effect = false;
        for member in members {
            duplicate(&mut seen, &member, out);
            let listing = if member.key.starts_with("Not") { Listing::Except } else { Listing::Only };
            let name = member.key.to_string();
            match &*name {
                "Sid" => {
                    if is_text(&member, out) {
                        statement.sid = Some(member.node);
                    }
                }
                "Effect" => {
                    has_effect = true;
                    if is_text(&member, out) {
                        statement.read_effect(&member, out);
                    }
                }
                "Principal" | "NotPrincipal" => {
                    let element = Element { listing, key_span: member.key_span, node: member.node };
                    pair(&statement.principal, "Principal", "NotPrincipal", &element, out);
                    statement.principal = Some(element);
                }
                "Action" | "NotAction" => {
                    let element = strings(member, listing, &name, out);
                    pair(&statement.action, "Action", "NotAction", &element, out);
                    statement.action = Some(element);
                }
                "Resource" | "NotResource" => {
                    let element = strings(member, listing, &name, out);
                    pair(&statement.resource, "Resource", "NotResource", &element, out);
                    statement.resource = Some(element);
                }
                "Condition" => {
                    if member.node.members().is_some() {
                        statement.condition = Some(member.node);
                    } else {
                        let arguments = mismatch("Condition", "object", member.node.kind());
                        out.find_with(Check::DataTypeMismatch, member.node.span, arguments, None);
                    }
                }
                name => element_of(name, &STATEMENT_ELEMENTS, member.key_span, out),
            }
        }
        let head = Span::new(span.start, span.start + 1);
        if !has_effect {
            out.find(Check::MissingEffect, head);
        }
        if statement.action.is_none() {
            out.find(Check::MissingAction, head);
        }
        statement
    }

    fn read_effect(&mut self, member: &Member<'_>, out: &mut Out<'_>) {
        match member.node.text() {
            Some("Allow") => self.effect = Some(Effect::Allow),
            Some("Deny") => self.effect = Some(Effect::Deny),
            other => {
                let found = other.unwrap_or_default();
                let meant = super::nearest(found, ["Allow", "Deny"].into_iter());
                out.find_with(Check::InvalidEffect, member.node.span, vec![("effect", super::clip(found))], meant);
            }
        }
    }
}

/// Both forms of an element in one statement.
fn pair(earlier: &Option<Element<'_>>, only: &str, except: &str, element: &Element<'_>, out: &mut Out<'_>) {
    if earlier.as_ref().is_some_and(|earlier| earlier.listing != element.listing) {
        let arguments = vec![("first", only.to_owned()), ("second", except.to_owned())];
        out.find_with(Check::UnsupportedElementCombination, element.key_span, arguments, None);
    }
}

/// A string or a list of strings.
fn strings<'t>(member: Member<'t>, listing: Listing, name: &str, out: &mut Out<'_>) -> Element<'t> {
    for item in member.node.items() {
        if item.text().is_none() {
            out.find_with(Check::DataTypeMismatch, item.span, mismatch(name, "string", item.kind()), None);
        }
    }
    Element { listing, key_span: member.key_span, node: member.node }
}

fn is_text(member: &Member<'_>, out: &mut Out<'_>) -> bool {
    let text = member.node.text().is_some();
    if !text {
        let arguments = mismatch(&member.key, "string", member.node.kind());
        out.find_with(Check::DataTypeMismatch, member.node.span, arguments, None);
    }
    text
}

pub(super) fn mismatch(element: &str, expected: &str, found: &str) -> Vec<(&'static str, String)> {
    vec![("element", super::clip(element)), ("expected", expected.to_owned()), ("found", found.to_owned())]
}

fn element_of(name: &str, known: &[&str], span: Span, out: &mut Out<'_>) {
    let meant = super::nearest(name, known.iter().copied());
    out.find_with(Check::InvalidPolicyElement, span, vec![("element", super::clip(name))], meant);
}

/// JSON keeps only one of two members of the same name.
fn duplicate(seen: &mut Vec<String>, member: &Member<'_>, out: &mut Out<'_>) {
    if seen.iter().any(|name| *name == member.key) {
        let what = format!("`{}` is given twice", super::clip(&member.key));
        out.find_named(Check::JsonSyntaxError, member.key_span, "what", &what);
    } else if seen.len() < 1000 {
        seen.push(member.key.to_string());
    }
}
