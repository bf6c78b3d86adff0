//! What the files of an import say about completeness, brought together line by line.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use haechi_model::{AccountId, ConfigurationItem, Coverage, CoverageState, Gap, ItemStatus, Region, ResourceType};

/// Coverage lines of one import: a file of invented regions cannot take more memory than this.
pub(crate) const LINES: usize = 1_000_000;

type Line = (AccountId, Region, ResourceType);

/// How far a file was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    Whole,
    /// Not all: no line of the file is complete then, since what is missing may be of any type.
    Part {
        code: &'static str,
        message: String,
    },
}

/// The coverage of one file.
#[derive(Default)]
pub(crate) struct Seen {
    counted: BTreeMap<Line, u64>,
    said: Vec<Coverage>,
    /// The file has a `haechi.coverage`, be it empty.
    pub(crate) ours: bool,
    pub(crate) snapshot: bool,
}

impl Seen {
    pub(crate) fn new(snapshot: bool) -> Self {
        Self { snapshot, ..Self::default() }
    }

    pub(crate) fn item(&mut self, item: &ConfigurationItem) {
        if !matches!(item.status(), ItemStatus::Ok | ItemStatus::ResourceDiscovered) {
            return;
        }
        let key = item.key();
        let line = (key.account_id, key.region.clone(), key.resource_type.clone());
        if self.counted.len() < LINES || self.counted.contains_key(&line) {
            *self.counted.entry(line).or_default() += 1;
        }
    }

    /// False when there are too many.
    pub(crate) fn line(&mut self, line: Coverage) -> bool {
        let fits = self.said.len() < LINES;
        if fits {
            self.said.push(line);
        }
        fits
    }

    /// The file's lines: its own word, else what a snapshot must mean, since AWS Config writes all
    /// resources of a recorded type to it. Other files say nothing.
    fn lines(self) -> Vec<Coverage> {
        if self.ours {
            return self.said;
        }
        if !self.snapshot {
            return Vec::new();
        }
        let complete = |((account_id, region, resource_type), resources)| Coverage {
            account_id,
            region,
            resource_type,
            state: CoverageState::Complete,
            resources,
        };
        self.counted.into_iter().map(complete).collect()
    }
}

/// The coverage of all files.
#[derive(Default)]
pub(crate) struct Merged(BTreeMap<Line, Coverage>);

impl Merged {
    /// Adds a file. Where two files speak of one line, the worse counts, so that a resource is never
    /// taken for deleted because of a file that could not be read; but `skipped` says nothing.
    pub(crate) fn add(&mut self, seen: Seen, reach: &Reach) {
        for mut line in seen.lines() {
            if let (Reach::Part { code, message }, CoverageState::Complete) = (reach, &line.state) {
                let (code, message) = ((*code).to_owned(), message.clone());
                let gap = Gap { code, message, operation: "import".to_owned(), missing_action: None };
                line.state = CoverageState::Failed { gap };
            }
            let key = (line.account_id, line.region.clone(), line.resource_type.clone());
            if self.0.len() >= LINES && !self.0.contains_key(&key) {
                continue;
            }
            match self.0.entry(key) {
                Entry::Vacant(free) => {
                    free.insert(line);
                }
                Entry::Occupied(mut known) => {
                    let known = known.get_mut();
                    known.resources = known.resources.max(line.resources);
                    if weight(&line.state) > weight(&known.state) {
                        known.state = line.state;
                    }
                }
            }
        }
    }

    pub(crate) fn into_lines(self) -> Vec<Coverage> {
        self.0.into_values().collect()
    }
}

fn weight(state: &CoverageState) -> u8 {
    match state {
        CoverageState::Skipped { .. } => 0,
        CoverageState::Complete => 1,
        CoverageState::Failed { .. } => 2,
    }
}
