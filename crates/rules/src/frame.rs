//! One evaluation under way: the item, the world, the moment, and what the evaluation has seen so far.

use std::collections::BTreeSet;
use std::rc::Rc;

use haechi_iam::Policy;
use haechi_iam::acl::Acl;
use haechi_model::{ConfigurationItem, ContentHash, Region, Timestamp};

use crate::program::{Area, Op, Program, Reach};
use crate::value::{Const, Val};
use crate::world::{Look, Place, World};

/// Steps of loops and parts of lists that one rule may make for one item.
pub(crate) const BUDGET: u32 = 4_000_000;
/// Parsed documents that are kept for the next rule over the same item.
const PARSED_KEPT: usize = 16;

/// Whether an evaluation should remember what it looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// Evaluations carry their reads: what a store keeps and re-judges by.
    On,
    /// The same, by a caller that knows the item's content hash already: a store that keeps it beside the item.
    Known(ContentHash),
    /// Evaluations carry no reads: nothing is hashed.
    Off,
}

/// A document that was parsed for this item, and the text it was parsed from.
pub(crate) enum Parsed {
    Policy(Rc<Policy>),
    Acl(Rc<Acl>),
}

pub(crate) struct Frame<'a> {
    pub world: &'a World,
    pub now: Timestamp,
    pub item: &'a ConfigurationItem,
    pub recording: Recording,
    pub bindings: &'a [Op],
    pub parameters: &'a [Const],
    /// Values of bindings, as far as they were asked for.
    pub bound: Vec<Option<Val<'a>>>,
    pub variables: Vec<Val<'a>>,
    pub looks: BTreeSet<Look>,
    /// When the verdict may change though nothing else does.
    pub holds_until: Option<Timestamp>,
    budget: u32,
    parsed: Vec<(&'a str, Parsed)>,
}

impl<'a> Frame<'a> {
    pub fn new(world: &'a World, now: Timestamp, item: &'a ConfigurationItem, recording: Recording) -> Self {
        Self {
            world,
            now,
            item,
            recording,
            bindings: &[],
            parameters: &[],
            bound: Vec::new(),
            variables: Vec::new(),
            looks: BTreeSet::new(),
            holds_until: None,
            budget: BUDGET,
            parsed: Vec::new(),
        }
    }

    /// Makes the frame ready for another rule over the same item; parsed documents stay.
    pub fn begin(&mut self, program: &'a Program, parameters: &'a [Const]) {
        self.bindings = &program.bindings;
        self.parameters = parameters;
        self.bound.clear();
        self.bound.resize_with(program.bindings.len(), || None);
        self.variables.clear();
        self.variables.resize_with(program.variables, || Val::Null);
        self.looks.clear();
        self.holds_until = None;
        self.budget = BUDGET;
    }

    /// Pays for work; an error once the rule has used up what it may.
    pub fn charge(&mut self, steps: usize) -> Result<(), Val<'a>> {
        self.budget = self.budget.saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX));
        if self.budget == 0 {
            return Err(Val::failed(format!("the rule takes more than {BUDGET} steps for this item")));
        }
        Ok(())
    }

    pub fn is_spent(&self) -> bool {
        self.budget == 0
    }

    /// The verdict may change at this moment.
    pub fn holds_until(&mut self, moment: Timestamp) {
        self.holds_until = Some(self.holds_until.map_or(moment, |earlier| earlier.min(moment)));
    }

    pub fn place(&self, reach: &Reach) -> Place {
        let key = self.item.key();
        let region = match reach.area {
            Area::Region => Some(key.region.clone()),
            Area::Global => Some(Region::global()),
            Area::Account => None,
        };
        Place { resource_type: reach.resource_type.clone(), account_id: key.account_id, region }
    }

    pub fn saw(&mut self, look: Look) {
        if self.recording != Recording::Off {
            self.looks.insert(look);
        }
    }

    /// A document that an earlier rule parsed from the very same text.
    pub fn parsed(&self, text: &str, of: impl Fn(&Parsed) -> Option<Val<'a>>) -> Option<Val<'a>> {
        self.parsed.iter().filter(|(kept, _)| std::ptr::eq(*kept, text)).find_map(|(_, parsed)| of(parsed))
    }

    pub fn keep_parsed(&mut self, text: &'a str, parsed: Parsed) {
        if self.parsed.len() < PARSED_KEPT {
            self.parsed.push((text, parsed));
        }
    }
}
