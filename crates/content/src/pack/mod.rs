//! AWS Config conformance packs: the template as AWS takes it, in YAML or JSON, and what is left of it
//! once parameters have values and conditions are decided.
//!
//! Bounds: 4 MiB of text, 400,000 values after aliases, 64 levels, 100 errors, 16 MiB of resolved text;
//! the largest file that is let through takes about 100 MiB while it is read.

mod expr;
mod lint;
mod parameter;
mod parse;
mod resolve;
mod resolved;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::content::{decode, read_text};
use crate::source::{Diagnostic, Position, Source};
use crate::yaml::Limits;

use expr::{Condition, Expr};

pub use lint::Standing;
pub use parameter::{PackParameter, ParameterValues};
pub use resolved::{
    CustomPolicy, Frequency, Owner, Remediation, ResolvedPack, ResolvedResource, ResolvedRule, SkippedResource,
};

/// Errors that are told of one pack; a file with more has one cause.
const MOST_ERRORS: usize = 100;

/// What is wrong with a pack, and where.
pub type PackError = Diagnostic;

/// A conformance pack's template: read and checked, not yet resolved.
#[derive(Debug, Clone)]
pub struct Pack {
    source: Source,
    parameters: Vec<PackParameter>,
    /// In an order in which each is decided after those it refers to.
    conditions: Vec<(String, Condition)>,
    resources: Vec<Resource>,
    /// Top-level keys that conformance packs have no use for, kept as they are.
    extra: BTreeMap<String, Value>,
    notes: Vec<Diagnostic>,
}

#[derive(Debug, Clone)]
struct Resource {
    logical_id: String,
    kind: String,
    condition: Option<String>,
    properties: Expr,
    depends_on: Vec<String>,
    controls: Vec<String>,
    extra: BTreeMap<String, Value>,
    position: Position,
}

impl Pack {
    /// Reads a template. Everything that is wrong is told, up to a hundred errors.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, Vec<PackError>> {
        parse::parse(Source::new(file_name, text))
    }

    /// Reads a template's bytes: they must be UTF-8.
    pub fn from_bytes(bytes: Vec<u8>, file_name: &str) -> Result<Self, Vec<PackError>> {
        let text = decode(file_name, bytes).map_err(|error| vec![error])?;
        Self::parse(&text, file_name)
    }

    /// Reads a file of at most 4 MiB.
    pub fn load(path: &Path) -> Result<Self, Vec<PackError>> {
        let text = read_text(path, Limits::PACK.bytes).map_err(|error| vec![error])?;
        Self::parse(&text, &path.display().to_string())
    }

    /// The name of the file.
    pub fn file_name(&self) -> &str {
        &self.source.name
    }

    /// The pack's name: the file's without folders and ending.
    pub fn name(&self) -> &str {
        let file = self.source.name.rsplit(['/', '\\']).next().unwrap_or_default();
        let stem = [".yaml", ".yml", ".json"].iter().find_map(|ending| file.strip_suffix(ending));
        stem.unwrap_or(file)
    }

    pub fn parameters(&self) -> &[PackParameter] {
        &self.parameters
    }

    /// Top-level keys that were kept and not read.
    pub fn extra(&self) -> &BTreeMap<String, Value> {
        &self.extra
    }

    /// What could not be checked, such as a pattern of another dialect.
    pub fn notes(&self) -> &[Diagnostic] {
        &self.notes
    }

    /// Gives the parameters their values and decides the conditions.
    pub fn resolve(&self, values: &ParameterValues) -> Result<ResolvedPack, Vec<PackError>> {
        resolve::resolve(self, values)
    }
}
