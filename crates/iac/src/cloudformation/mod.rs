//! CloudFormation templates: read with positions, and resolved as far as the template alone allows.

mod condition;
mod resolve;
mod template;

pub use template::{parameters_of, read_template};

use haechi_content::yaml::Limits;

/// What a template may ask for: 8 MiB (AWS takes 1 MB), 400,000 values after aliases, 64 levels.
pub const LIMITS: Limits = Limits { bytes: 8 << 20, nodes: 400_000, depth: 64 };
/// Bytes of texts that functions make, over the whole template.
const MADE: usize = 32 << 20;
