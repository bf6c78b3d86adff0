//! Assignments as they shall be: a file that names people, permission sets and places in the tree, the assignments that
//! this comes to, and what has to be made or taken away for it. AWS knows assignments to accounts only.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use haechi_content::yaml::{self, Node as Yaml};
use haechi_content::{Diagnostic, Source, nearest};
use serde::Serialize;

use super::directory::{Assignee, Assignment, Directory, PermissionSet, Unfound};
use crate::world::{Node, NodeKind, Organization, World};

/// A file of assignments as they shall be.
#[derive(Debug)]
pub struct DesiredState {
    source: Source,
    instance: Option<Word>,
    entries: Vec<Entry>,
}

/// A word of the file, and where it stands.
#[derive(Clone, Debug)]
struct Word {
    text: String,
    span: Range<usize>,
}

/// One wish.
#[derive(Debug)]
struct Entry {
    set: Word,
    groups: Vec<Word>,
    users: Vec<Word>,
    units: Vec<Word>,
    accounts: Vec<Word>,
    /// Only accounts with all of these tags.
    tags: BTreeMap<String, String>,
    nested: Nested,
    except: Vec<Word>,
}

/// Whether the units below a unit are meant too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nested {
    Yes,
    No,
}

const FILE: [&str; 3] = ["schema", "instance", "assignments"];
const ENTRY: [&str; 8] = ["permissionSet", "group", "user", "ou", "account", "tag", "nested", "except"];
/// More accounts, groups and sets than an organization has.
const MOST: usize = 2_000_000;

/// What the file comes to.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// The instance that it is about.
    pub instance: Box<str>,
    /// Assignments, with the entries (from 1) that ask for each.
    pub wanted: BTreeMap<Assignment, Vec<usize>>,
    /// Accounts that take no assignment, with their status.
    pub left_out: BTreeMap<Box<str>, Box<str>>,
    /// What the entries ask for in those accounts: it is not created, and where it is there it stays.
    pub waiting: BTreeMap<Assignment, Vec<usize>>,
    /// Entries that come to no account.
    pub empty: Vec<usize>,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Wanted, and not recorded.
    pub create: Vec<Planned>,
    /// Recorded and not wanted, where these are to go.
    pub delete: Vec<Planned>,
    /// Recorded and not wanted, where these may stay.
    pub extra: Vec<Planned>,
    pub keep: Vec<Planned>,
}

/// One assignment of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub assignment: Assignment,
    /// Which entries ask for it, from 1.
    pub entries: Vec<usize>,
    /// It is in the management account: a delegated administrator may not touch it.
    pub by_management_account: bool,
}

/// A call that changes an assignment, as the API takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AssignmentCall<'a> {
    pub instance_arn: &'a str,
    pub target_id: &'a str,
    pub target_type: &'static str,
    pub permission_set_arn: &'a str,
    pub principal_type: &'static str,
    pub principal_id: &'a str,
}

impl Assignment {
    /// The parameters of CreateAccountAssignment and DeleteAccountAssignment.
    pub fn call(&self) -> AssignmentCall<'_> {
        AssignmentCall {
            instance_arn: &self.instance,
            target_id: &self.account,
            target_type: "AWS_ACCOUNT",
            permission_set_arn: &self.set,
            principal_type: self.assignee.name(),
            principal_id: &self.id,
        }
    }
}

/// What becomes of assignments that nobody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwanted {
    Stay,
    Go,
}

impl DesiredState {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything in it that is malformed, each with its place.
    pub fn read(name: &str, text: &str) -> Result<DesiredState, Vec<Diagnostic>> {
        let source = Source::new(name, text);
        let root = yaml::read(&source, yaml::Limits::PACK).map_err(|error| vec![error])?;
        let mut reading = Reading { source: &source, problems: Vec::new() };
        reading.only(&root, &FILE);
        if root.get("schema").is_some_and(|schema| schema.text() != Some("1")) {
            reading.wrong(root.at(&["schema"]), "this program reads schema 1");
        }
        let instance = root.get("instance").and_then(|node| reading.word(node));
        let mut entries = Vec::new();
        match root.get("assignments").and_then(Yaml::list) {
            Some(list) => entries.extend(list.iter().filter_map(|node| reading.entry(node))),
            None => reading.wrong(root.at(&["assignments"]), "`assignments` is a list of entries"),
        }
        match reading.problems {
            problems if problems.is_empty() => Ok(DesiredState { source, instance, entries }),
            problems => Err(problems),
        }
    }

    /// The assignments that it comes to.
    ///
    /// # Errors
    /// Every name that means nothing, or several things, with its place.
    pub fn expand(&self, world: &World, directory: &Directory) -> Result<Expansion, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let mut expansion = Expansion::default();
        match self.instance(directory) {
            Ok(instance) => expansion.instance = instance,
            Err(problem) => return Err(vec![problem]),
        }
        let places = Places { world, source: &self.source };
        for (number, entry) in (1..).zip(&self.entries) {
            let set = directory.find_permission_set(&entry.set.text, Some(&expansion.instance));
            let set = found(set, &self.source, &entry.set, "permission set").map_err(|problem| problems.push(problem));
            let assignees = self.assignees(entry, directory, &expansion.instance, &mut problems);
            let accounts = places.accounts(entry, &mut problems);
            if let Ok(set) = set {
                expansion.take(number, set, &assignees, &accounts);
            }
            if expansion.wanted.len() > MOST {
                return Err(vec![self.source.whole(format!("it comes to more than {MOST} assignments"))]);
            }
        }
        if problems.is_empty() { Ok(expansion) } else { Err(problems) }
    }

    /// Whom an entry is for, in the instance's own identity store.
    fn assignees(
        &self,
        entry: &Entry,
        directory: &Directory,
        instance: &str,
        problems: &mut Vec<Diagnostic>,
    ) -> Vec<(Assignee, Box<str>)> {
        let store = directory.instance(instance).map(|instance| &*instance.identity_store);
        let groups = entry.groups.iter().map(|word| {
            let group = found(directory.find_group_of(&word.text, store), &self.source, word, "group")?;
            Ok((Assignee::Group, group.id.clone()))
        });
        let users = entry.users.iter().map(|word| {
            let user = found(directory.find_user_of(&word.text, store), &self.source, word, "user")?;
            Ok((Assignee::User, user.id.clone()))
        });
        let mut assignees = Vec::new();
        for assignee in groups.chain(users) {
            match assignee {
                Ok(assignee) => assignees.push(assignee),
                Err(problem) => problems.push(problem),
            }
        }
        assignees
    }

    /// The one instance, or the one that the file names.
    fn instance(&self, directory: &Directory) -> Result<Box<str>, Diagnostic> {
        let known: BTreeSet<&str> = directory.permission_sets().map(|set| &*set.instance).collect();
        match &self.instance {
            Some(word) if known.contains(&*word.text) => Ok(word.text.as_str().into()),
            Some(word) => {
                let says = format!("no permission set of the instance `{}` was recorded", word.text);
                Err(self.source.diagnostic(word.span.clone(), says).suggest(&word.text, known))
            }
            None if known.len() > 1 => {
                let names: Vec<&str> = known.into_iter().collect();
                let help = format!("name one with `instance:` at the top: {}", names.join(", "));
                Err(self.source.whole("several instances of IAM Identity Center were recorded").help(help))
            }
            None => Ok(known.into_iter().next().unwrap_or_default().into()),
        }
    }
}

impl Expansion {
    /// Takes what one entry comes to.
    fn take(&mut self, entry: usize, set: &PermissionSet, assignees: &[(Assignee, Box<str>)], accounts: &[Place]) {
        let mut is_empty = true;
        for account in accounts {
            let list = if account.takes_assignments() {
                is_empty = false;
                &mut self.wanted
            } else {
                self.left_out.insert(account.id.clone(), account.status.clone());
                &mut self.waiting
            };
            for (assignee, id) in assignees {
                let assignment = Assignment {
                    instance: set.instance.clone(),
                    account: account.id.clone(),
                    set: set.arn.clone(),
                    assignee: *assignee,
                    id: id.clone(),
                };
                let entries = list.entry(assignment).or_default();
                if entries.last() != Some(&entry) {
                    entries.push(entry);
                }
            }
        }
        if is_empty {
            self.empty.push(entry);
        }
    }

    /// How many assignments more entries than one ask for.
    pub fn overlaps(&self) -> usize {
        self.wanted.values().filter(|entries| entries.len() > 1).count()
    }

    /// What has to be done for the recorded assignments to be those that are wanted.
    pub fn plan(&self, world: &World, directory: &Directory, unwanted: Unwanted) -> Plan {
        let recorded: BTreeSet<&Assignment> =
            directory.assignments().iter().filter(|one| one.instance == self.instance).collect();
        let planned = |assignment: &Assignment, entries: &[usize]| Planned {
            assignment: assignment.clone(),
            entries: entries.to_vec(),
            by_management_account: is_management(world, directory, &assignment.account),
        };
        let mut plan = Plan::default();
        for (assignment, entries) in &self.wanted {
            let list = if recorded.contains(assignment) { &mut plan.keep } else { &mut plan.create };
            list.push(planned(assignment, entries));
        }
        for assignment in recorded.into_iter().filter(|one| !self.wanted.contains_key(one)) {
            let (list, entries) = match (self.waiting.get(assignment), unwanted) {
                (Some(entries), _) => (&mut plan.keep, entries.as_slice()),
                (None, Unwanted::Go) => (&mut plan.delete, &[][..]),
                (None, Unwanted::Stay) => (&mut plan.extra, &[][..]),
            };
            list.push(planned(assignment, entries));
        }
        plan
    }
}

/// Whether an account is the management account of its organization.
pub(super) fn is_management(world: &World, directory: &Directory, account: &str) -> bool {
    let is_it = |organization: &Organization| organization.management_account() == Some(account);
    world.organizations().iter().any(is_it) || directory.instances().any(|instance| *instance.owner == *account)
}

impl Plan {
    /// Whether nothing has to be done.
    pub fn is_done(&self) -> bool {
        self.create.is_empty() && self.delete.is_empty()
    }

    /// The assignments that there are when it has been carried out.
    pub fn after(&self) -> BTreeSet<&Assignment> {
        let lists = [&self.create, &self.extra, &self.keep];
        lists.into_iter().flatten().map(|planned| &planned.assignment).collect()
    }
}

fn found<'d, T>(result: Result<&'d T, Unfound>, source: &Source, word: &Word, what: &str) -> Result<&'d T, Diagnostic> {
    result.map_err(|unfound| match unfound {
        Unfound::Nobody(near) => {
            let says = format!("there is no {what} `{}` in the record", word.text);
            let diagnostic = source.diagnostic(word.span.clone(), says);
            match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            }
        }
        Unfound::Several(all) => source
            .diagnostic(word.span.clone(), format!("`{}` is the name of more than one {what}", word.text))
            .help(format!("write the id of one: {}", all.join("; "))),
    })
}

struct Reading<'s> {
    source: &'s Source,
    problems: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn wrong(&mut self, node: &Yaml, says: impl Into<String>) {
        self.problems.push(self.source.diagnostic(node.span(), says));
    }

    /// Says which members are unknown.
    fn only(&mut self, node: &Yaml, known: &[&str]) {
        let Some(entries) = node.entries() else {
            return self.wrong(node, format!("members are wanted here: {}", known.join(", ")));
        };
        for (key, _) in entries {
            let name = key.text().unwrap_or_default();
            if !known.contains(&name) {
                let problem = self.source.diagnostic(key.span(), format!("unknown field `{name}`"));
                self.problems.push(problem.suggest(name, known.iter().copied()));
            }
        }
    }

    fn word(&mut self, node: &Yaml) -> Option<Word> {
        match node.text().map(str::trim).filter(|text| !text.is_empty() && !node.is_null()) {
            Some(text) => Some(Word { text: text.to_owned(), span: node.span() }),
            None => {
                self.wrong(node, "a name or id is wanted here");
                None
            }
        }
    }

    /// One word, or a list of words.
    fn words(&mut self, entry: &Yaml, name: &str) -> Vec<Word> {
        match entry.get(name) {
            None => Vec::new(),
            Some(node) => match node.list() {
                Some(list) => list.iter().filter_map(|node| self.word(node)).collect(),
                None => self.word(node).into_iter().collect(),
            },
        }
    }

    fn entry(&mut self, node: &Yaml) -> Option<Entry> {
        let before = self.problems.len();
        self.only(node, &ENTRY);
        let set = match node.get("permissionSet") {
            Some(set) => self.word(set),
            None => {
                self.wrong(node, "the field `permissionSet` is missing");
                None
            }
        };
        let mut entry = Entry {
            set: set?,
            groups: self.words(node, "group"),
            users: self.words(node, "user"),
            units: self.words(node, "ou"),
            accounts: self.words(node, "account"),
            tags: BTreeMap::new(),
            nested: Nested::Yes,
            except: self.words(node, "except"),
        };
        if let Some(tag) = node.get("tag") {
            for (key, value) in tag.entries().unwrap_or_default() {
                let (key, value) = (self.word(key), value.text().unwrap_or_default());
                entry.tags.extend(key.map(|key| (key.text, value.to_owned())));
            }
            if entry.tags.is_empty() {
                self.wrong(tag, "`tag` has keys with values, such as `env: prod`");
            }
        }
        match node.get("nested").map(|nested| (nested, nested.text())) {
            None | Some((_, Some("true"))) => {}
            Some((_, Some("false"))) => entry.nested = Nested::No,
            Some((nested, _)) => self.wrong(nested, "`nested` is true or false"),
        }
        if entry.groups.is_empty() && entry.users.is_empty() {
            self.wrong(node, "an entry names whom it is for: `group` or `user`");
        }
        if entry.units.is_empty() && entry.accounts.is_empty() && entry.tags.is_empty() {
            self.wrong(node, "an entry names where it holds: `ou`, `account` or `tag`");
        }
        (self.problems.len() == before).then_some(entry)
    }
}

/// Finds places in the tree.
struct Places<'a> {
    world: &'a World,
    source: &'a Source,
}

/// An account that an entry comes to.
struct Place {
    id: Box<str>,
    status: Box<str>,
}

impl Place {
    fn takes_assignments(&self) -> bool {
        matches!(&*self.status, "" | "ACTIVE")
    }
}

impl<'a> Places<'a> {
    /// The accounts of an entry: those of its units and tags, and those that it names, without those that it excepts.
    fn accounts(&self, entry: &Entry, problems: &mut Vec<Diagnostic>) -> Vec<Place> {
        let mut accounts: BTreeMap<&str, &Node> = BTreeMap::new();
        let has_tags = |node: &Node| {
            let has =
                |(key, value): (&String, &String)| node.tags.iter().any(|(own, is)| **own == **key && **is == **value);
            entry.tags.iter().all(has)
        };
        for word in &entry.units {
            match self.find(word, "organizational unit", |node| node.kind != NodeKind::Account) {
                Ok((organization, unit)) => {
                    let below = organization.accounts_under(&unit.id).into_iter();
                    let is_direct =
                        |node: &&Node| entry.nested == Nested::Yes || node.parent.as_deref() == Some(&unit.id);
                    accounts
                        .extend(below.filter(is_direct).filter(|node| has_tags(node)).map(|node| (&*node.id, node)));
                }
                Err(problem) => problems.push(problem),
            }
        }
        if entry.units.is_empty() && !entry.tags.is_empty() {
            let all = self.world.organizations().iter().flat_map(Organization::accounts);
            accounts.extend(all.filter(|node| has_tags(node)).map(|node| (&*node.id, node)));
        }
        for word in &entry.accounts {
            match self.find(word, "account", |node| node.kind == NodeKind::Account) {
                Ok((_, account)) => {
                    accounts.insert(&account.id, account);
                }
                Err(problem) => problems.push(problem),
            }
        }
        for word in &entry.except {
            match self.find(word, "account or organizational unit", |_| true) {
                Ok((organization, node)) => {
                    for gone in organization.accounts_under(&node.id) {
                        accounts.remove(&*gone.id);
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        accounts.values().map(|node| Place { id: node.id.clone(), status: node.status.clone() }).collect()
    }

    /// What a word means: an id or ARN, names joined by `/` with or without the root's, or a name that only one has.
    fn find(
        &self,
        word: &Word,
        what: &str,
        wanted: impl Fn(&Node) -> bool,
    ) -> Result<(&'a Organization, &'a Node), Diagnostic> {
        let text = &*word.text;
        let id = if text.starts_with("arn:") { text.rsplit('/').next().unwrap_or(text) } else { text };
        let nodes = || {
            let organizations = self.world.organizations().iter();
            organizations.flat_map(|organization| organization.nodes().map(move |node| (organization, node)))
        };
        let fitting = || nodes().filter(|(_, node)| wanted(node));
        if let Some(found) = fitting().find(|(_, node)| *node.id == *id) {
            return Ok(found);
        }
        let names = |(organization, node): &(&Organization, &Node)| {
            organization.path(&node.id).iter().map(|node| node.name.to_string()).collect::<Vec<_>>()
        };
        let is_path = |found: &(&Organization, &Node)| {
            let names = names(found);
            text.contains('/')
                && (names.join("/") == text || names.get(1..).is_some_and(|below| below.join("/") == text))
        };
        let by_path: Vec<_> = fitting().filter(is_path).collect();
        let by_name = || fitting().filter(|(_, node)| *node.name == *text).collect::<Vec<_>>();
        let found = if by_path.is_empty() { by_name() } else { by_path };
        match found[..] {
            [one] => Ok(one),
            [] => {
                let says = format!("there is no {what} `{text}` in the record");
                let mut known: Vec<String> = fitting().map(|(_, node)| node.name.to_string()).collect();
                if text.contains('/') {
                    known.extend(fitting().map(|found| names(&found)[1..].join("/")));
                }
                let near = nearest(text, known.iter().map(String::as_str));
                let diagnostic = self.source.diagnostic(word.span.clone(), says);
                Err(match near {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None if self.world.organizations().is_empty() => {
                        diagnostic.help("no organization was recorded: run haechi record --org")
                    }
                    None => diagnostic.help("haechi org tree lists them"),
                })
            }
            _ => {
                let all: Vec<String> =
                    found.iter().map(|one| format!("{} ({})", one.1.id, names(one).join("/"))).collect();
                let says = format!("`{text}` is the name of more than one {what}");
                Err(self
                    .source
                    .diagnostic(word.span.clone(), says)
                    .help(format!("write the id of one: {}", all.join("; "))))
            }
        }
    }
}
