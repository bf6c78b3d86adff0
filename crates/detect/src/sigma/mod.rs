//! Sigma's language, as its specification 2.x has it: selections, modifiers, conditions, rules, correlations and
//! filters, read from YAML with a place for every complaint. What is read here is compiled in `matcher`.
//!
//! `match` of a detection file is the same language, with `|list`, `|outside` and `|trusted` besides.

mod condition;
mod modifier;
mod pattern;
mod rule;
mod selection;

pub(crate) use condition::{Condition, glob as fits_glob};
pub(crate) use modifier::{Comparison, TimePart};
pub(crate) use pattern::{Case, Pattern, Shape, folded_hash};
pub use rule::{Correlation, CorrelationKind, Limit, SigmaFile, SigmaRule, read_sigma};
pub(crate) use rule::{Named, SigmaBody};
pub use selection::Placeholders;
pub(crate) use selection::{Body, Dialect, FieldShape, Item, Join, Reader, Search, Test, in_ranges, wrong_path};
