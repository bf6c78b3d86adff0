//! Where a resource stands in the source that describes it: infrastructure as code has a file and a line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in a plan, a state or a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceLocation {
    pub file: String,
    /// From 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// In characters, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// `module.logs.aws_s3_bucket.this["a"]`, or the logical id of a template.
    pub address: String,
}

impl fmt::Display for SourceLocation {
    /// `main.tf:12:1`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}
