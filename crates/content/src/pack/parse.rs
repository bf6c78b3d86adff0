//! From the tree of a template to a pack: everything that can be wrong before parameters have values.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;

use super::expr::{Compiler, Condition, Expr};
use super::{MOST_ERRORS, Pack, PackError, PackParameter, Resource, parameter};
use crate::source::{Diagnostic, Source};
use crate::yaml::{Limits, Node, from_node, read};

const TOP_LEVEL: [&str; 3] = ["Parameters", "Conditions", "Resources"];

pub(super) fn parse(source: Source) -> Result<Pack, Vec<PackError>> {
    let root = read(&source, Limits::PACK).map_err(|error| vec![error])?;
    let mut reader = Reader { source: &source, errors: Vec::new(), notes: Vec::new() };
    let (parameters, conditions, resources, extra) = reader.template(&root);
    let Reader { mut errors, notes, .. } = reader;
    if errors.is_empty() {
        return Ok(Pack { parameters, conditions, resources, extra, notes, source });
    }
    errors.sort_by_key(|error| error.position);
    errors.dedup();
    errors.truncate(MOST_ERRORS);
    Err(errors)
}

struct Reader<'a> {
    source: &'a Source,
    errors: Vec<Diagnostic>,
    notes: Vec<Diagnostic>,
}

type Template = (Vec<PackParameter>, Vec<(String, Condition)>, Vec<Resource>, BTreeMap<String, Value>);

impl<'a> Reader<'a> {
    fn template(&mut self, root: &Node) -> Template {
        let mut extra = BTreeMap::new();
        let Some(entries) = root.entries() else {
            self.wrong(root.span(), "a conformance pack is a map with `Resources`");
            return Template::default();
        };
        for (key, value) in entries {
            let name = key.text().unwrap_or_default();
            if !TOP_LEVEL.contains(&name) {
                extra.insert(name.to_owned(), json(value, self.source));
            }
        }
        if root.get("Resources").is_none() {
            let near = extra.keys().find(|name| name.eq_ignore_ascii_case("resources"));
            let error = self.source.diagnostic(root.span(), "the template has no `Resources`");
            self.errors.push(match near {
                Some(name) => error.help(format!("`{name}` is spelt `Resources`")),
                None => error.help("is this a conformance pack?"),
            });
        }
        let mut parameters = Vec::new();
        for (key, node) in self.section(root, "Parameters") {
            match parameter::read(key, node, self.source, &mut self.notes) {
                Ok(parameter) => parameters.push(parameter),
                Err(error) => self.errors.push(error),
            }
            if self.errors.len() >= MOST_ERRORS {
                return Template::default();
            }
        }
        let conditions = self.section(root, "Conditions");
        let mut compiler = Compiler {
            source: self.source,
            // A parameter that is wrong is still there: its uses are no errors.
            parameters: names(self.section(root, "Parameters")),
            conditions: names(conditions),
            errors: Vec::new(),
        };
        let compiled: Vec<_> =
            conditions.iter().filter_map(|(key, node)| Some((key, compiler.condition(node)?))).collect();
        let resources = self
            .section(root, "Resources")
            .iter()
            .filter_map(|(key, node)| self.resource(key, node, &mut compiler))
            .collect();
        self.errors.append(&mut compiler.errors);
        let conditions = self.in_order(compiled);
        (parameters, conditions, resources, extra)
    }

    /// The entries of a top-level map; none when it is missing or empty.
    fn section<'n>(&mut self, root: &'n Node, name: &str) -> &'n [(Node, Node)] {
        match root.get(name) {
            Some(node) if node.entries().is_some() => node.entries().unwrap_or_default(),
            Some(node) if !node.is_null() => {
                self.wrong(node.span(), format!("`{name}` is a map of names"));
                &[]
            }
            _ => &[],
        }
    }

    fn resource(&mut self, key: &Node, node: &Node, compiler: &mut Compiler<'_>) -> Option<Resource> {
        let logical_id = key.text().unwrap_or_default().to_owned();
        if node.entries().is_none() {
            self.wrong(key.span(), format!("the resource `{logical_id}` has no members"));
            return None;
        }
        let Some(kind) = node.get("Type").and_then(Node::text) else {
            self.wrong(key.span(), format!("the resource `{logical_id}` has no `Type`"));
            return None;
        };
        let condition = match node.get("Condition") {
            None => None,
            Some(name) => {
                let text = name.text().unwrap_or_default();
                if let Err(error) = compiler.known_condition(text, name.span())
                    && self.errors.len() < MOST_ERRORS
                {
                    self.errors.push(*error);
                }
                Some(text.to_owned())
            }
        };
        let properties = match node.get("Properties") {
            Some(properties) => compiler.value(properties),
            None => Expr { span: key.span(), kind: super::expr::ExprKind::Map(Vec::new()) },
        };
        let known = ["Type", "Condition", "Properties", "DependsOn", "Controls"];
        let extra = node.entries().unwrap_or_default().iter().filter_map(|(key, value)| {
            let name = key.text().filter(|name| !known.contains(name))?;
            Some((name.to_owned(), json(value, self.source)))
        });
        Some(Resource {
            kind: kind.to_owned(),
            condition,
            properties,
            depends_on: texts(node.get("DependsOn")),
            controls: texts(node.get("Controls")),
            extra: extra.collect(),
            position: self.source.position(key.span().start),
            logical_id,
        })
    }

    /// Sorts conditions so that each follows what it needs; those that need each other are errors.
    fn in_order(&mut self, conditions: Vec<(&Node, Condition)>) -> Vec<(String, Condition)> {
        let needs = |condition: &Condition| {
            let mut found = BTreeSet::new();
            condition.needs(&mut found);
            found
        };
        // How many of its needs are still open, and who waits for whom.
        let mut open: BTreeMap<&str, usize> = BTreeMap::new();
        let mut waiting: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, (key, condition)) in conditions.iter().enumerate() {
            let needs = needs(condition);
            open.insert(key.text().unwrap_or_default(), needs.len());
            for need in needs {
                waiting.entry(need).or_default().push(index);
            }
        }
        let mut ready: Vec<usize> = (0..conditions.len())
            .filter(|index| open.get(conditions[*index].0.text().unwrap_or_default()) == Some(&0))
            .collect();
        ready.reverse();
        let mut order = Vec::with_capacity(conditions.len());
        while let Some(index) = ready.pop() {
            order.push(index);
            for waiter in waiting.get(conditions[index].0.text().unwrap_or_default()).into_iter().flatten() {
                let count = open.entry(conditions[*waiter].0.text().unwrap_or_default()).or_default();
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push(*waiter);
                }
            }
        }
        if order.len() < conditions.len() && self.errors.is_empty() {
            let placed: BTreeSet<usize> = order.iter().copied().collect();
            let stuck = (0..conditions.len()).find(|index| !placed.contains(index)).unwrap_or_default();
            let key = conditions[stuck].0;
            let message = format!("the condition `{}` needs itself, by way of others", key.text().unwrap_or_default());
            self.wrong(key.span(), message);
        }
        order
            .iter()
            .map(|index| &conditions[*index])
            .map(|(key, one)| (key.text().unwrap_or_default().to_owned(), one.clone()))
            .collect()
    }

    fn wrong(&mut self, span: Range<usize>, message: impl Into<String>) {
        if self.errors.len() >= MOST_ERRORS {
            return;
        }
        self.errors.push(self.source.diagnostic(span, message));
    }
}

fn names(entries: &[(Node, Node)]) -> BTreeSet<String> {
    entries.iter().filter_map(|(key, _)| key.text()).map(str::to_owned).collect()
}

/// One text or a list of them.
fn texts(node: Option<&Node>) -> Vec<String> {
    match node {
        Some(node) => match node.list() {
            Some(list) => list.iter().filter_map(Node::text).map(str::to_owned).collect(),
            None => node.text().map(str::to_owned).into_iter().collect(),
        },
        None => Vec::new(),
    }
}

fn json(node: &Node, source: &Source) -> Value {
    from_node(node, source).unwrap_or_default()
}
