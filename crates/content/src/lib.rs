//! Loads, checks and embeds what Haechi knows: rules, control catalogues, resource types, packs.
//!
//! Content is data. This crate reads it and refuses what is malformed, with file, line and column;
//! it judges nothing and knows no clock and no network.

pub mod rule;
pub mod text;
pub mod types;

pub use rule::{ControlRef, Example, Fix, Parameter, ParameterType, RuleFile, RuleScope, Trigger};
pub use text::{Language, Text};
pub use types::{Members, TypeCatalogue, TypeInfo};
