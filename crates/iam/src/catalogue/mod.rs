//! What can be asked of AWS: services, their actions with access levels, resource types and condition keys.
//! The table is given as text and kept as one; what is answered borrows from it.

mod event;
mod read;
mod template;
mod unlogged;

pub use event::{
    ArnSource, EventAction, EventError, EventFields, EventResource, EventRules, NamedResource, NoPermission,
};
pub use read::CatalogueError;
pub use template::{ArnForms, ArnMatch, ArnTemplate, FormsByService};
pub use unlogged::{Unlogged, UnloggedRules};

use std::borrow::Cow;
use std::fmt;

use crate::pattern::{Case, matches};

/// The table, read. Names are found without regard to case, as AWS compares them.
#[derive(Debug)]
pub struct Catalogue {
    text: Cow<'static, str>,
    /// Name, version and date of each source.
    sources: Vec<Cell>,
    /// Sorted by prefix in lower case.
    services: Vec<ServiceRow>,
    actions: Vec<ActionRow>,
    types: Vec<TypeRow>,
    keys: Vec<KeyRow>,
    globals: Vec<KeyRow>,
    /// Numbers of keys (in their service), one run a list.
    lists: Vec<Run>,
    listed: Vec<u16>,
    uses: Vec<UseRow>,
    /// Names of the keys that have many values, sorted; and those whose names have a variable.
    many: Vec<Cell>,
    many_patterns: Vec<KeyRow>,
}

/// A piece of the text.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    start: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Run {
    start: u32,
    end: u32,
}

impl Run {
    fn of<T>(self, rows: &[T]) -> &[T] {
        &rows[self.start as usize..self.end as usize]
    }
}

#[derive(Debug)]
struct ServiceRow {
    prefix: Cell,
    name: Cell,
    actions: Run,
    types: Run,
    keys: Run,
    lists: Run,
}

#[derive(Debug)]
struct ActionRow {
    service: u16,
    level: AccessLevel,
    name: Cell,
    uses: Run,
    keys: Option<u16>,
    dependents: Cell,
}

#[derive(Debug)]
struct TypeRow {
    name: Cell,
    arn: Cell,
    keys: Option<u16>,
}

#[derive(Clone, Copy, Debug)]
struct KeyRow {
    name: Cell,
    kind: KeyType,
    values: KeyValues,
}

/// A resource type as an action uses it.
#[derive(Debug)]
struct UseRow {
    number: u16,
    need: Need,
    keys: Option<u16>,
}

/// What an action does to the account, as AWS sorts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessLevel {
    List,
    Read,
    Write,
    Tagging,
    PermissionsManagement,
}

impl AccessLevel {
    pub const ALL: [AccessLevel; 5] = [
        AccessLevel::List,
        AccessLevel::Read,
        AccessLevel::Write,
        AccessLevel::Tagging,
        AccessLevel::PermissionsManagement,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            AccessLevel::List => "list",
            AccessLevel::Read => "read",
            AccessLevel::Write => "write",
            AccessLevel::Tagging => "tagging",
            AccessLevel::PermissionsManagement => "permissions-management",
        }
    }
}

impl fmt::Display for AccessLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The type of a condition key's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    String,
    Arn,
    Bool,
    Numeric,
    Date,
    IpAddress,
    Binary,
}

impl KeyType {
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyType::String => "String",
            KeyType::Arn => "ARN",
            KeyType::Bool => "Bool",
            KeyType::Numeric => "Numeric",
            KeyType::Date => "Date",
            KeyType::IpAddress => "IPAddress",
            KeyType::Binary => "Binary",
        }
    }
}

/// How many values a request has for a condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyValues {
    One,
    Many,
}

/// Whether an action must be given a resource of a type, or may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    Required,
    Optional,
}

impl Catalogue {
    /// Name, version and date of the data the table was made from.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|cell| self.str(*cell))
    }

    pub fn services(&self) -> impl ExactSizeIterator<Item = Service<'_>> {
        (0..self.services.len()).map(|index| Service { catalogue: self, index })
    }

    /// The action of a [number](ActionInfo::number).
    pub fn numbered(&self, number: usize) -> Option<ActionInfo<'_>> {
        let index = u32::try_from(number).ok().filter(|_| number < self.actions.len())?;
        Some(ActionInfo { catalogue: self, index })
    }

    /// The number of actions of all services.
    pub fn action_count(&self) -> usize {
        self.actions.len()
    }

    /// The service of a prefix such as `s3`.
    pub fn service(&self, prefix: &str) -> Option<Service<'_>> {
        let found = self.services.binary_search_by(|row| compare(self.str(row.prefix), prefix));
        found.ok().map(|index| Service { catalogue: self, index })
    }

    /// The action `service:Name`, in any letter case.
    pub fn action(&self, name: &str) -> Option<ActionInfo<'_>> {
        let (prefix, name) = name.split_once(':')?;
        self.service(prefix)?.action(name)
    }

    /// The action of a question, with what the table knows of it. One that it does not know may be newer than it.
    ///
    /// # Errors
    /// As [`crate::Action::parse`].
    pub fn asked(&self, text: &str) -> Result<crate::Action, crate::ActionError> {
        let action = crate::Action::parse(text)?;
        let without = self.action(text).is_some_and(|known| known.resources().len() == 0);
        Ok(if without { action.without_resource_types() } else { action })
    }

    /// Whether a request may have many values for a condition key, so that one of them is a set of one.
    pub fn is_many_valued(&self, key: &str) -> bool {
        self.many.binary_search_by(|cell| compare(self.str(*cell), key)).is_ok()
            || self.many_patterns.iter().any(|row| self.key(row).is_named(key))
    }

    /// The actions that a pattern of a policy matches: `s3:Put*`, `*`, `*:Get*`.
    pub fn expand<'c>(&'c self, pattern: &'c str) -> impl Iterator<Item = ActionInfo<'c>> {
        let (prefix, name) = match pattern.split_once(':') {
            Some(split) => split,
            // A pattern without a service reaches beyond the colon only with a star.
            None if !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*') => ("*", "*"),
            None => ("", ""),
        };
        let services: Vec<Service<'c>> = if prefix.contains(['*', '?']) {
            self.services().filter(|service| matches(prefix, service.prefix(), Case::Insensitive)).collect()
        } else {
            self.service(prefix).into_iter().collect()
        };
        services.into_iter().flat_map(move |service| service.expand(name))
    }

    /// The global condition keys.
    pub fn global_keys(&self) -> impl Iterator<Item = ConditionKey<'_>> {
        self.globals.iter().map(|row| self.key(row))
    }

    /// The global condition key of a name such as `aws:SourceIp` or `aws:PrincipalTag/team`.
    pub fn global_key(&self, name: &str) -> Option<ConditionKey<'_>> {
        self.global_keys().find(|key| key.is_named(name))
    }

    /// The condition key of a name, global or of its service (`s3:prefix`, `saml:aud`).
    pub fn condition_key(&self, name: &str) -> Option<ConditionKey<'_>> {
        if let Some(key) = self.global_key(name) {
            return Some(key);
        }
        let prefix = name.split(':').next().unwrap_or_default();
        if let Some(key) = self.service(prefix).and_then(|service| service.keys().find(|key| key.is_named(name))) {
            return Some(key);
        }
        // Keys of identity providers (`saml:aud`, `token.actions.githubusercontent.com:sub`) belong to STS and others.
        self.keys.iter().map(|row| self.key(row)).find(|key| key.is_named(name))
    }

    fn str(&self, cell: Cell) -> &str {
        &self.text[cell.start as usize..(cell.start + cell.len) as usize]
    }

    fn key(&self, row: &KeyRow) -> ConditionKey<'_> {
        ConditionKey { name: self.str(row.name), kind: row.kind, values: row.values }
    }

    fn list(&self, service: usize, list: Option<u16>) -> impl Iterator<Item = ConditionKey<'_>> {
        let service = &self.services[service];
        let run = list.and_then(|list| service.lists.of(&self.lists).get(list as usize)).copied().unwrap_or_default();
        let keys = service.keys.of(&self.keys);
        run.of(&self.listed).iter().filter_map(move |number| Some(self.key(keys.get(*number as usize)?)))
    }
}

/// Compares names as AWS does, without regard to case.
fn compare(left: &str, right: &str) -> std::cmp::Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    left.bytes().map(lower).cmp(right.bytes().map(lower))
}

/// A service by its prefix.
#[derive(Clone, Copy, Debug)]
pub struct Service<'c> {
    catalogue: &'c Catalogue,
    index: usize,
}

impl<'c> Service<'c> {
    fn row(self) -> &'c ServiceRow {
        &self.catalogue.services[self.index]
    }

    pub fn prefix(self) -> &'c str {
        self.catalogue.str(self.row().prefix)
    }

    /// What AWS calls it, such as `Amazon S3`.
    pub fn name(self) -> &'c str {
        self.catalogue.str(self.row().name)
    }

    pub fn actions(self) -> impl ExactSizeIterator<Item = ActionInfo<'c>> {
        let Run { start, end } = self.row().actions;
        (start..end).map(move |index| ActionInfo { catalogue: self.catalogue, index })
    }

    /// The action of a name without its prefix.
    pub fn action(self, name: &str) -> Option<ActionInfo<'c>> {
        let run = self.row().actions;
        let rows = run.of(&self.catalogue.actions);
        let found = rows.binary_search_by(|row| compare(self.catalogue.str(row.name), name)).ok()?;
        Some(ActionInfo { catalogue: self.catalogue, index: run.start + found as u32 })
    }

    /// The actions whose names a pattern without prefix matches.
    fn expand(self, pattern: &'c str) -> impl Iterator<Item = ActionInfo<'c>> {
        let wild = pattern.contains(['*', '?']);
        let exact = if wild { None } else { self.action(pattern) };
        let all = wild.then(|| self.actions()).into_iter().flatten();
        exact.into_iter().chain(all.filter(move |action| matches(pattern, action.name(), Case::Insensitive)))
    }

    pub fn resource_types(self) -> impl ExactSizeIterator<Item = ResourceTypeInfo<'c>> {
        let rows = self.row().types.of(&self.catalogue.types);
        rows.iter().map(move |row| ResourceTypeInfo { catalogue: self.catalogue, service: self.index, row })
    }

    /// The forms of the ARNs of all its types.
    pub fn arn_forms(self) -> ArnForms<'c> {
        ArnForms::new(self.resource_types().map(|kind| (kind.name(), kind.arn())))
    }

    /// The condition keys that the service lists, global ones (such as `aws:ResourceTag/${TagKey}`) among them.
    pub fn keys(self) -> impl ExactSizeIterator<Item = ConditionKey<'c>> {
        let rows = self.row().keys.of(&self.catalogue.keys);
        rows.iter().map(move |row| self.catalogue.key(row))
    }
}

/// An action of a service.
#[derive(Clone, Copy, Debug)]
pub struct ActionInfo<'c> {
    catalogue: &'c Catalogue,
    index: u32,
}

impl PartialEq for ActionInfo<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && std::ptr::eq(self.catalogue, other.catalogue)
    }
}

impl Eq for ActionInfo<'_> {}

impl<'c> ActionInfo<'c> {
    fn row(self) -> &'c ActionRow {
        &self.catalogue.actions[self.index as usize]
    }

    /// Its number among all actions; stable for one table.
    pub fn number(self) -> usize {
        self.index as usize
    }

    pub fn service(self) -> Service<'c> {
        Service { catalogue: self.catalogue, index: self.row().service as usize }
    }

    /// The name without prefix, in AWS's spelling.
    pub fn name(self) -> &'c str {
        self.catalogue.str(self.row().name)
    }

    /// `service:Name` in AWS's spelling.
    pub fn full_name(self) -> String {
        format!("{}:{}", self.service().prefix(), self.name())
    }

    pub fn level(self) -> AccessLevel {
        self.row().level
    }

    /// The types of resources it acts on. None: only `*` in `Resource` reaches it.
    pub fn resources(self) -> impl ExactSizeIterator<Item = ActionResource<'c>> {
        let service = self.row().service as usize;
        let rows = self.row().uses.of(&self.catalogue.uses);
        rows.iter().map(move |row| ActionResource { catalogue: self.catalogue, service, row })
    }

    /// The condition keys of the action itself; those of its resources are with them.
    pub fn keys(self) -> impl Iterator<Item = ConditionKey<'c>> {
        self.catalogue.list(self.row().service as usize, self.row().keys)
    }

    /// Whether a request for the action has the condition key: by itself, for one of its resources, or as a global key.
    pub fn supports_key(self, name: &str) -> bool {
        self.keys().any(|key| key.is_named(name))
            || self.resources().any(|resource| {
                resource.keys().any(|key| key.is_named(name))
                    || resource.resource_type().keys().any(|key| key.is_named(name))
            })
    }

    /// The actions (`service:Name`) that whoever uses it needs too.
    pub fn dependent_actions(self) -> impl Iterator<Item = &'c str> {
        self.catalogue.str(self.row().dependents).split_ascii_whitespace()
    }

    /// The action for a question of the evaluator.
    pub fn to_action(self) -> Option<crate::Action> {
        let action = crate::Action::parse(&self.full_name()).ok()?;
        Some(if self.resources().len() == 0 { action.without_resource_types() } else { action })
    }
}

impl fmt::Display for ActionInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service().prefix(), self.name())
    }
}

/// A resource type of an action.
#[derive(Clone, Copy, Debug)]
pub struct ActionResource<'c> {
    catalogue: &'c Catalogue,
    service: usize,
    row: &'c UseRow,
}

impl<'c> ActionResource<'c> {
    pub fn need(self) -> Need {
        self.row.need
    }

    pub fn resource_type(self) -> ResourceTypeInfo<'c> {
        let types = self.catalogue.services[self.service].types.of(&self.catalogue.types);
        ResourceTypeInfo { catalogue: self.catalogue, service: self.service, row: &types[self.row.number as usize] }
    }

    /// The condition keys that the action has for this resource.
    pub fn keys(self) -> impl Iterator<Item = ConditionKey<'c>> {
        self.catalogue.list(self.service, self.row.keys)
    }
}

/// A type of resources that policies can name.
#[derive(Clone, Copy, Debug)]
pub struct ResourceTypeInfo<'c> {
    catalogue: &'c Catalogue,
    service: usize,
    row: &'c TypeRow,
}

impl<'c> ResourceTypeInfo<'c> {
    /// AWS's name for it, such as `bucket`.
    pub fn name(self) -> &'c str {
        self.catalogue.str(self.row.name)
    }

    /// The form of its ARNs.
    pub fn arn(self) -> ArnTemplate<'c> {
        ArnTemplate::new(self.catalogue.str(self.row.arn))
    }

    pub fn keys(self) -> impl Iterator<Item = ConditionKey<'c>> {
        self.catalogue.list(self.service, self.row.keys)
    }
}

/// A condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConditionKey<'c> {
    name: &'c str,
    kind: KeyType,
    values: KeyValues,
}

impl<'c> ConditionKey<'c> {
    /// AWS's spelling; a part that differs from request to request is a variable such as `${TagKey}`.
    pub fn name(self) -> &'c str {
        self.name
    }

    pub fn kind(self) -> KeyType {
        self.kind
    }

    pub fn values(self) -> KeyValues {
        self.values
    }

    /// Whether its name has a part that differs from request to request.
    fn is_pattern(self) -> bool {
        self.name.contains(['$', '<']) || self.name.ends_with("tag-key")
    }

    /// Whether a key as policies write it is this one, in any letter case.
    pub fn is_named(self, name: &str) -> bool {
        // What differs from request to request is `${TagKey}`; with some keys `<key>` or `tag-key`.
        if let Some(head) = self.name.strip_suffix("tag-key") {
            return name.len() > head.len() && name.get(..head.len()).is_some_and(|own| own.eq_ignore_ascii_case(head));
        }
        let Some(open) = self.name.find(['$', '<']) else { return self.name.eq_ignore_ascii_case(name) };
        let close = self.name.rfind(['}', '>']).map_or(self.name.len(), |at| at + 1);
        let (head, tail) = (&self.name.as_bytes()[..open], self.name.get(close..).unwrap_or_default().as_bytes());
        let name = name.as_bytes();
        name.len() > head.len() + tail.len()
            && name[..head.len()].eq_ignore_ascii_case(head)
            && name[name.len() - tail.len()..].eq_ignore_ascii_case(tail)
    }
}
