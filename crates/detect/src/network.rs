//! What is found in flows and queries by logic in Rust: its rules, and its part of an hour.

use haechi_content::DetectionFile;
use haechi_model::Threat;

use crate::dns::{QueryHour, QueryRule};
use crate::flow::{FlowHour, FlowRule, FlowState};
use crate::pack::{Packer, Unpacker};

/// The rules.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    pub(crate) flows: Vec<FlowRule>,
    pub(crate) queries: Vec<QueryRule>,
}

impl Network {
    /// The logic with this name in detection files is here.
    pub(crate) fn has(name: &str) -> bool {
        matches!(name, FlowRule::ENGINE | QueryRule::ENGINE)
    }

    /// Adds a detection if its logic is here.
    pub(crate) fn add(&mut self, file: &DetectionFile) -> Result<bool, String> {
        match file.engine.as_ref().map(|engine| engine.name.as_str()) {
            Some(FlowRule::ENGINE) => self.flows.push(FlowRule::compile(file)?),
            Some(QueryRule::ENGINE) => self.queries.push(QueryRule::compile(file)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// What was seen in an hour.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NetworkHour {
    pub(crate) flows: FlowHour,
    pub(crate) queries: QueryHour,
}

impl NetworkHour {
    pub(crate) fn merge(&mut self, other: Self) {
        self.flows.merge(other.flows);
        self.queries.merge(other.queries);
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.flows.bytes() + self.queries.bytes()
    }

    /// Judges the hour.
    pub(crate) fn close(&self, at: i64, rules: &Network, state: &mut FlowState) -> Vec<Threat> {
        let mut found = Vec::new();
        if !rules.flows.is_empty() {
            state.close(at, &self.flows, &rules.flows, &mut |threat| found.push(threat));
        }
        self.queries.close(&rules.queries, &mut |threat| found.push(threat));
        found
    }

    pub(crate) fn write(&self, out: &mut Packer) {
        self.flows.write(out);
        self.queries.write(out);
    }

    pub(crate) fn read(bytes: &mut Unpacker<'_>) -> Option<Self> {
        Some(Self { flows: FlowHour::read(bytes)?, queries: QueryHour::read(bytes)? })
    }
}
