//! Loads, checks and embeds what Haechi knows: rules, control catalogues, resource types, packs.
//!
//! Content is data. This crate reads it and refuses what is malformed, with file, line and column;
//! it judges nothing and knows no clock and no network.

mod check;
pub mod content;
pub mod controls;
pub mod detection;
mod detection_check;
mod embedded;
pub mod escalation;
mod header;
pub mod iam;
pub mod managed;
pub mod pack;
pub mod rule;
pub mod source;
mod tables;
pub mod text;
pub mod types;
pub mod yaml;

pub use content::{Content, ContentFile, Origin, Rule, read_detections};
pub use controls::{Catalogue, Controls};
pub use detection::{Baseline, Detection, DetectionFile, Detections, Need, Threats, Timespan};
pub use detection_check::{ARGUMENTS, file_name as detection_file_name};
pub use managed::{ManagedParameter, ManagedRule, ManagedRules};
pub use pack::{Pack, PackError, ParameterValues, ResolvedPack, ResolvedRule, Standing};
pub use rule::{ControlRef, Example, Fix, Parameter, ParameterType, RuleFile, RuleScope, Trigger};
pub use source::{Diagnostic, Position, Source, nearest};
pub use text::{Language, Text};
pub use types::{Members, TypeCatalogue, TypeInfo};
