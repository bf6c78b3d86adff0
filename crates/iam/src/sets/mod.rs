//! Sets of requests, without a solver: whether some request is matched by one statement and by none of others,
//! with such a request as the witness. A statement is a box with one side for the resource and one for each
//! condition key; the search starts with one request of the first box, and wherever another statement matches it,
//! goes on in the parts of the box that this statement leaves. It is exact: a no is certain. What would take too
//! long is said to be unknown, and variables are taken for values that nobody knows.

mod asker;
mod automaton;
mod question;
mod term;

use std::collections::BTreeMap;

pub use asker::{Asker, Zone};
pub use question::{Access, Difference, accesses, classes, difference, everybody, first_access, outsiders};

use crate::caller::Caller;
use crate::catalogue::Catalogue;
use crate::context::Context;
use crate::key::Facts;
use crate::operator::{Comparison, Polarity, Quantifier};
use crate::policy::Listing;
use crate::resource::{Action, Resource};
use crate::tri::Tri;
use asker::{Domain, Frame, Present};
use automaton::{Pattern, Search, Variables, find};
use term::{Atom, Term, Values, samples};

/// Boxes that are looked into at most.
const MAX_BOXES: usize = 1_000;
/// Comparisons that were given up, after which the whole search is.
const MAX_GIVEN_UP: usize = 3;

/// Values of a condition key in a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    Absent,
    Single(String),
    Many(Vec<String>),
}

/// A request as an example.
#[derive(Clone, Debug)]
pub struct Witness {
    pub caller: Caller,
    pub action: Action,
    pub resource: String,
    /// Keys in lower case.
    pub context: Vec<(String, Given)>,
    /// The variables whose values nobody knows and that the answer hangs on.
    pub variables: Vec<String>,
}

impl Witness {
    /// The context of a question to the evaluator.
    pub fn to_context(&self) -> Context {
        let mut context = Context::new();
        for (key, given) in &self.context {
            match given {
                Given::Absent => context.set_absent(key),
                Given::Single(value) => context.set(key, value),
                Given::Many(values) => context.set_all(key, values.iter().map(String::as_str)),
            };
        }
        context
    }
}

/// What a search came to.
#[derive(Clone, Debug)]
pub enum Found {
    /// No request: that is certain.
    Nothing,
    Request(Box<Witness>),
    /// The patterns are too many to tell.
    TooMany,
}

/// One box under search.
#[derive(Clone)]
struct Part<'t> {
    groups: Vec<Vec<&'t Pattern>>,
    without: Vec<&'t Pattern>,
    resource: String,
    keys: BTreeMap<&'t str, Side<'t>>,
}

/// What a box wants of one key, and a value that gives it.
#[derive(Clone)]
struct Side<'t> {
    wants: Vec<(&'t Atom, bool)>,
    value: Given,
}

enum Solved<T> {
    Is(T),
    Nothing,
    TooMany,
}

struct Hunt<'t> {
    frame: &'t Frame<'t>,
    variables: &'t Variables,
    forbidden: &'t [Term],
    domains: BTreeMap<&'t str, Domain>,
    /// By key, values that stand for all others, where numbers, dates, addresses are compared.
    samples: BTreeMap<&'t str, Vec<String>>,
    boxes: usize,
    given_up: usize,
}

/// Looks for a request that all of `wanted` match and none of `forbidden`; `universe` are the resources in question.
fn hunt(frame: &Frame<'_>, universe: &[Pattern], wanted: &[Term], forbidden: &[Term], variables: &Variables) -> Found {
    let mut hunt =
        Hunt { frame, variables, forbidden, domains: BTreeMap::new(), samples: BTreeMap::new(), boxes: 0, given_up: 0 };
    let mut by_key: BTreeMap<&str, Vec<&Values>> = BTreeMap::new();
    for atom in wanted.iter().chain(forbidden).flat_map(|term| &term.atoms) {
        by_key.entry(&atom.key).or_default().push(&atom.values);
        hunt.domains.entry(&atom.key).or_insert_with(|| frame.domain(&atom.key));
    }
    hunt.samples = by_key.into_iter().map(|(key, values)| (key, samples(&values))).collect();
    let mut part = Part {
        groups: vec![universe.iter().collect()],
        without: Vec::new(),
        resource: String::new(),
        keys: BTreeMap::new(),
    };
    let resources = wanted.iter().filter_map(|term| term.resources.as_ref());
    for among in std::iter::once(None).chain(resources.map(Some)) {
        let among = among.map(|(listing, patterns)| (*listing == Listing::Only, patterns));
        if !hunt.restrict_resource(&mut part, among) {
            return hunt.nothing();
        }
    }
    let keys: Vec<&str> = hunt.domains.keys().copied().collect();
    for key in keys {
        let wants: Vec<(&Atom, bool)> = wanted
            .iter()
            .flat_map(|term| &term.atoms)
            .filter(|atom| *atom.key == *key)
            .map(|atom| (atom, true))
            .collect();
        match hunt.value(key, &wants) {
            Solved::Is(value) => {
                part.keys.insert(key, Side { wants, value });
            }
            Solved::Nothing => return Found::Nothing,
            Solved::TooMany => return Found::TooMany,
        }
    }
    match hunt.descend(part) {
        Some(part) => Found::Request(Box::new(hunt.witness(&part))),
        None => hunt.nothing(),
    }
}

impl<'t> Hunt<'t> {
    fn nothing(&self) -> Found {
        if self.given_up > 0 { Found::TooMany } else { Found::Nothing }
    }

    /// A box without requests that are forbidden, inside this one; its own values are such a request.
    fn descend(&mut self, part: Part<'t>) -> Option<Part<'t>> {
        self.boxes += 1;
        if self.boxes > MAX_BOXES || self.given_up > MAX_GIVEN_UP {
            self.given_up += 1;
            return None;
        }
        let forbidden = self.forbidden;
        let Some(term) = forbidden.iter().find(|term| self.matches(term, &part)) else { return Some(part) };
        if let Some((listing, patterns)) = &term.resources {
            let mut rest = part.clone();
            if self.restrict_resource(&mut rest, Some((*listing == Listing::Except, patterns)))
                && let Some(found) = self.descend(rest)
            {
                return Some(found);
            }
        }
        for atom in &term.atoms {
            let mut rest = part.clone();
            let Some(side) = rest.keys.get_mut(&*atom.key) else { continue };
            side.wants.push((atom, false));
            match self.value(&atom.key, &side.wants) {
                Solved::Is(value) => side.value = value,
                Solved::Nothing => continue,
                Solved::TooMany => {
                    self.given_up += 1;
                    continue;
                }
            }
            if let Some(found) = self.descend(rest) {
                return Some(found);
            }
        }
        None
    }

    fn matches(&self, term: &Term, part: &Part<'_>) -> bool {
        if let Some((listing, patterns)) = &term.resources {
            let is_in = match listing {
                Listing::Only => patterns.iter().any(|pattern| pattern.surely_matches(&part.resource)),
                Listing::Except => !patterns.iter().any(|pattern| pattern.matches(&part.resource)),
            };
            if !is_in {
                return false;
            }
        }
        term.atoms.iter().all(|atom| part.keys.get(&*atom.key).is_none_or(|side| self.holds(atom, &side.value)))
    }

    /// Wants the resource among some patterns, or (false) among none of them.
    fn restrict_resource(&mut self, part: &mut Part<'t>, among: Option<(bool, &'t Vec<Pattern>)>) -> bool {
        match among {
            Some((true, patterns)) => part.groups.push(patterns.iter().collect()),
            Some((false, patterns)) => part.without.extend(patterns),
            None => {}
        }
        match find(&part.groups, &part.without) {
            Search::Text(text) => {
                part.resource = text;
                true
            }
            Search::Nothing => false,
            Search::TooMany => {
                self.given_up += 1;
                false
            }
        }
    }

    fn holds(&self, atom: &Atom, value: &Given) -> bool {
        let mut context = Context::new();
        for (name, letter) in self.variables.iter() {
            context.tell(self.frame.catalogue, name, &[letter.encode_utf8(&mut [0; 4])]);
        }
        match value {
            Given::Absent => context.set_absent(&atom.key),
            Given::Single(value) => context.tell(self.frame.catalogue, &atom.key, &[value]),
            Given::Many(values) => context.set_all(&atom.key, values.iter().map(String::as_str)),
        };
        let facts = Facts {
            caller: self.frame.caller,
            action: self.frame.action,
            resource: self.frame.target,
            context: &context,
            completeness: context.completeness(),
        };
        atom.prepared.holds(&facts) == Tri::Yes
    }

    fn all_hold(&self, wants: &[(&Atom, bool)], value: &Given) -> bool {
        wants.iter().all(|(atom, wanted)| self.holds(atom, value) == *wanted)
    }

    /// A value of a key that gives what is wanted.
    fn value(&self, key: &str, wants: &[(&'t Atom, bool)]) -> Solved<Given> {
        let solved = self.some_value(key, wants);
        // For set operators an empty text is no value, which no other text stands for.
        let empty = || Given::Single(String::new());
        let Some(Present::Text { within, without }) = self.domains.get(key).map(|domain| &domain.present) else {
            return solved;
        };
        let may_be = (within.is_empty() || within.iter().any(|pattern| pattern.matches("")))
            && !without.iter().any(|pattern| pattern.matches(""));
        let in_sets = wants.iter().any(|(atom, _)| atom.operator.quantifier != Quantifier::Single);
        match solved {
            Solved::Is(_) => solved,
            _ if may_be && in_sets && self.all_hold(wants, &empty()) => Solved::Is(empty()),
            _ => solved,
        }
    }

    fn some_value(&self, key: &str, wants: &[(&'t Atom, bool)]) -> Solved<Given> {
        let Some(domain) = self.domains.get(key) else { return Solved::Is(Given::Absent) };
        if domain.absent && self.all_hold(wants, &Given::Absent) {
            return Solved::Is(Given::Absent);
        }
        let one = |value: &str| Given::Single(value.to_owned());
        // Whatever value is there, a comparison that wants none does not hold.
        let mut presence = wants.iter().filter(|(atom, _)| atom.operator.comparison == Comparison::Null);
        if presence.any(|(atom, wanted)| self.holds(atom, &one("present")) != *wanted) {
            return Solved::Nothing;
        }
        let (within, without) = match &domain.present {
            Present::Never => return Solved::Nothing,
            Present::OneOf(values) => {
                let value = values.iter().map(|value| one(value)).find(|value| self.all_hold(wants, value));
                return value.map_or(Solved::Nothing, Solved::Is);
            }
            Present::All(values) => {
                let value = if values.len() == 1 && !self.frame.catalogue.is_many_valued(key) {
                    one(&values[0])
                } else {
                    Given::Many(values.clone())
                };
                return if self.all_hold(wants, &value) { Solved::Is(value) } else { Solved::Nothing };
            }
            Present::Text { within, without } => (within, without),
        };
        let samples = self.samples.get(key).map_or(&[][..], Vec::as_slice);
        let texts = wants.iter().any(|(atom, _)| matches!(atom.values, Values::Texts(_)));
        if !samples.is_empty() {
            let fits = |text: &str| {
                (within.is_empty() || within.iter().any(|pattern| pattern.matches(text)))
                    && !without.iter().any(|pattern| pattern.matches(text))
            };
            for value in samples.iter().filter(|value| fits(value)) {
                for value in [one(value), Given::Many(vec![value.clone()])] {
                    if self.all_hold(wants, &value) {
                        return Solved::Is(value);
                    }
                }
            }
            if wants.iter().all(|(atom, _)| atom.operator.quantifier == Quantifier::Single) && !texts {
                return Solved::Nothing;
            }
            if !texts {
                return self.pair_of_samples(wants, samples);
            }
        }
        let single = self.single(wants, within, without);
        let uncertain = match &single {
            Solved::Is(value) if self.all_hold(wants, value) => return single,
            Solved::Is(_) => !self.frame.catalogue.is_many_valued(key),
            Solved::Nothing => false,
            Solved::TooMany => true,
        };
        match self.many(key, wants, within, without) {
            Solved::Nothing if uncertain || (!samples.is_empty() && texts) => Solved::TooMany,
            solved => solved,
        }
    }

    fn pair_of_samples(&self, wants: &[(&Atom, bool)], samples: &[String]) -> Solved<Given> {
        for (at, left) in samples.iter().take(64).enumerate() {
            for right in samples.iter().take(64).skip(at + 1) {
                let value = Given::Many(vec![left.clone(), right.clone()]);
                if self.all_hold(wants, &value) {
                    return Solved::Is(value);
                }
            }
        }
        if samples.len() > 64 || wants.len() > 2 { Solved::TooMany } else { Solved::Nothing }
    }

    /// One text that every comparison wants.
    fn single(&self, wants: &[(&'t Atom, bool)], within: &[Pattern], without: &[Pattern]) -> Solved<Given> {
        let wants = wants.iter().filter(|(atom, _)| atom.operator.comparison != Comparison::Null);
        let equal = wants.map(|(atom, wanted)| (*atom, *wanted == (atom.operator.polarity() == Polarity::Positive)));
        match text(&equal.collect::<Vec<_>>(), within, without) {
            Search::Text(text) => Solved::Is(Given::Single(text)),
            Search::Nothing => Solved::Nothing,
            Search::TooMany => Solved::TooMany,
        }
    }

    /// Several texts: what all of them must be, and for each of the others one that is it.
    fn many(&self, key: &str, wants: &[(&'t Atom, bool)], within: &[Pattern], without: &[Pattern]) -> Solved<Given> {
        let with_sets = wants.iter().any(|(atom, _)| atom.operator.quantifier != Quantifier::Single);
        if !self.frame.catalogue.is_many_valued(key) && (!with_sets || key.starts_with("aws:")) {
            return Solved::Nothing;
        }
        let (mut all, mut each) = (Vec::new(), Vec::new());
        for (atom, wanted) in wants {
            let equal = *wanted == (atom.operator.polarity() == Polarity::Positive);
            match (atom.operator.quantifier, wanted) {
                _ if atom.operator.comparison == Comparison::Null => {}
                (Quantifier::Single, true) => return Solved::Nothing,
                (Quantifier::Single, false) => {}
                (Quantifier::ForAllValues, true) | (Quantifier::ForAnyValue, false) => all.push((*atom, equal)),
                (Quantifier::ForAllValues, false) | (Quantifier::ForAnyValue, true) => each.push((*atom, equal)),
            }
        }
        let mut values = Vec::new();
        let alone = each.is_empty();
        for one in each.into_iter().map(Some).chain(alone.then_some(None)) {
            let mut wanted = all.clone();
            wanted.extend(one);
            match text(&wanted, within, without) {
                Search::Text(text) => values.push(text),
                Search::Nothing => return Solved::Nothing,
                Search::TooMany => return Solved::TooMany,
            }
        }
        values.dedup();
        let value = Given::Many(values);
        if self.all_hold(wants, &value) { Solved::Is(value) } else { Solved::Nothing }
    }

    /// The request that a box's values are, with a text for each variable.
    fn witness(&self, part: &Part<'_>) -> Witness {
        let mut names: Vec<(char, &str, String)> = Vec::new();
        for (name, letter) in self.variables.iter() {
            let own = part.keys.get(name).map(|side| &side.value);
            let text = match own {
                Some(Given::Single(value)) if !value.contains(letter) => value.clone(),
                _ => "example".to_owned(),
            };
            names.push((letter, name, text));
        }
        let spelled =
            |text: &str| names.iter().fold(text.to_owned(), |text, (letter, _, value)| text.replace(*letter, value));
        let mut used: Vec<String> = Vec::new();
        let mut context: Vec<(String, Given)> = Vec::new();
        for (letter, name, value) in &names {
            let is_in = |text: &String| text.contains(*letter);
            let in_keys = part.keys.values().any(|side| match &side.value {
                Given::Absent => false,
                Given::Single(text) => is_in(text),
                Given::Many(texts) => texts.iter().any(is_in),
            });
            if in_keys || is_in(&part.resource) {
                used.push((*name).to_owned());
                context.push(((*name).to_owned(), Given::Single(value.clone())));
            }
        }
        for (key, side) in &part.keys {
            context.retain(|(known, _)| known != key);
            let value = match &side.value {
                Given::Absent => Given::Absent,
                Given::Single(text) if self.frame.catalogue.is_many_valued(key) => Given::Many(vec![spelled(text)]),
                Given::Single(text) => Given::Single(spelled(text)),
                Given::Many(texts) => Given::Many(texts.iter().map(|text| spelled(text)).collect()),
            };
            context.push(((*key).to_owned(), value));
        }
        let named = context.iter().find_map(|(key, value)| match value {
            Given::Single(arn) if key == "aws:principalarn" => Some(arn),
            _ => None,
        });
        let caller = named
            .filter(|_| matches!(self.frame.asker, Asker::RoleOf(_) | Asker::UserOf(_) | Asker::Holder))
            .and_then(|arn| Caller::from_arn(arn).ok());
        Witness {
            caller: caller.unwrap_or_else(|| self.frame.caller.clone()),
            action: self.frame.action.clone(),
            resource: spelled(&part.resource),
            context,
            variables: used,
        }
    }
}

/// A text that equals one value of each condition, or (false) none of them.
fn text(wants: &[(&Atom, bool)], within: &[Pattern], without: &[Pattern]) -> Search {
    let mut groups: Vec<Vec<&Pattern>> = Vec::new();
    if !within.is_empty() {
        groups.push(within.iter().collect());
    }
    let mut avoided: Vec<&Pattern> = without.iter().collect();
    for (atom, equal) in wants {
        let Values::Texts(patterns) = &atom.values else { return Search::TooMany };
        if *equal {
            groups.push(patterns.iter().collect());
        } else {
            avoided.extend(patterns);
        }
    }
    find(&groups, &avoided)
}

/// What requests are about, besides who asks.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// Which keys have many values.
    pub catalogue: &'a Catalogue,
    pub action: &'a Action,
    /// Patterns of the resources in question.
    pub resources: &'a [&'a str],
    /// What is known of the resource.
    pub target: &'a Resource,
    pub zone: &'a Zone,
    /// The moment, as `aws:CurrentTime` has it. None: any.
    pub now: Option<&'a str>,
    /// Keys, in lower case, whose value every request has: those of the way it takes, such as an access point.
    pub fixed: &'a [(&'a str, &'a str)],
}
