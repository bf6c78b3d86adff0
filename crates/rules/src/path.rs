//! Follows a path of members through values: lists on the way are transparent, absent members null.

use std::ops::ControlFlow;
use std::rc::Rc;

use haechi_model::{ConfigurationItem, Kind, Node};

use crate::value::{Unknown, Val, item_member};

/// Keys to follow, and where the last one lies below the item's root when that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    pub keys: Box<[Box<str>]>,
    pub from_root: Option<Box<str>>,
}

impl Path {
    pub fn parse(dotted: &str) -> Self {
        Self { keys: dotted.split('.').map(Box::from).collect(), from_root: Some(dotted.into()) }
    }

    /// The value at the path below `base`. What is absent because it was not collected is unknown.
    pub fn of<'a>(&self, base: &Val<'a>) -> Val<'a> {
        match base {
            Val::Node(node, owner) => self.below(*node, owner, &self.keys),
            Val::Item(item) => self.of_item(item),
            Val::Items(_) | Val::List(_) => self.of_each(base),
            Val::Map(_) => self.keys.iter().fold(base.clone(), |at, key| match at {
                Val::List(_) => Path { keys: [key.clone()].into(), from_root: None }.of_each(&at),
                other => other.member(key),
            }),
            Val::Unknown(_) => base.clone(),
            _ => Val::Null,
        }
    }

    pub fn of_item<'a>(&self, item: &'a ConfigurationItem) -> Val<'a> {
        let Some((first, rest)) = self.keys.split_first() else { return Val::Item(item) };
        match item_member(item, first) {
            Val::Node(node, owner) => self.below(node, owner, rest),
            Val::Null => self.absent(item),
            value if rest.is_empty() => value,
            _ => Val::Null,
        }
    }

    fn below<'a>(&self, node: Node<'a>, owner: &'a ConfigurationItem, keys: &[Box<str>]) -> Val<'a> {
        let mut at = node;
        for (depth, key) in keys.iter().enumerate() {
            if at.kind() == Kind::Array {
                let mut found = Vec::new();
                let whole = gather(at, &keys[depth..], owner, &mut found);
                return match whole {
                    true => Val::list(found),
                    false => self.unless_missing(owner, Val::list(found)),
                };
            }
            match at.get(key) {
                Some(member) if !member.is_null() => at = member,
                _ => return self.absent(owner),
            }
        }
        Val::of_node(at, owner)
    }

    fn of_each<'a>(&self, list: &Val<'a>) -> Val<'a> {
        let (mut found, mut unknown) = (Vec::new(), None);
        let _ = list.each(|element| match self.of(&element) {
            Val::Null => ControlFlow::Continue(()),
            why @ Val::Unknown(_) => {
                unknown = Some(why);
                ControlFlow::Break(())
            }
            value if value.is_list() => {
                let _ = value.each(|inner| {
                    found.push(inner);
                    ControlFlow::Continue(())
                });
                ControlFlow::Continue(())
            }
            value => {
                found.push(value);
                ControlFlow::Continue(())
            }
        });
        unknown.unwrap_or_else(|| Val::list(found))
    }

    fn absent<'a>(&self, owner: &'a ConfigurationItem) -> Val<'a> {
        self.unless_missing(owner, Val::Null)
    }

    #[cold]
    fn unless_missing<'a>(&self, owner: &'a ConfigurationItem, value: Val<'a>) -> Val<'a> {
        match self.from_root.as_deref().and_then(|path| not_collected(owner, path)) {
            Some(why) => Val::Unknown(Rc::new(why)),
            None => value,
        }
    }
}

/// Collects what lies at the keys below a node, through lists; false when some member was absent.
fn gather<'a>(node: Node<'a>, keys: &[Box<str>], owner: &'a ConfigurationItem, found: &mut Vec<Val<'a>>) -> bool {
    if node.kind() == Kind::Array {
        let mut whole = true;
        for element in node.elements() {
            whole &= gather(element, keys, owner, found);
        }
        return whole;
    }
    match keys.split_first() {
        None if node.is_null() => false,
        None => {
            found.push(Val::of_node(node, owner));
            true
        }
        Some((key, rest)) => match node.get(key) {
            Some(member) => gather(member, rest, owner, found),
            None => false,
        },
    }
}

/// Whether a path, something above it or something below it could not be read.
fn not_collected(item: &ConfigurationItem, path: &str) -> Option<Unknown> {
    let touches =
        |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let gap = item.not_collected().find(|gap| touches(path, gap.path) || touches(gap.path, path))?;
    Some(Unknown::Missing { what: path.to_owned(), reason: gap.reason.to_owned() })
}
