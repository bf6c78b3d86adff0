//! How bad a finding is, and by when it should be dealt with.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The five severities of AWS Security Hub, least first so that they compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Worst first: the order in which people read them.
    pub const ALL: [Severity; 5] =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Informational];

    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Informational => "informational",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// Days after which an open finding is overdue.
    pub const fn due_days(self) -> i64 {
        match self {
            Severity::Critical => 7,
            Severity::High => 30,
            Severity::Medium => 90,
            Severity::Low => 180,
            Severity::Informational => 365,
        }
    }

    /// How much one failed evaluation weighs in the score.
    pub const fn weight(self) -> u64 {
        match self {
            Severity::Critical => 40,
            Severity::High => 20,
            Severity::Medium => 8,
            Severity::Low => 3,
            Severity::Informational => 0,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == wanted)
            .ok_or_else(|| format!("`{text}` is not a severity: informational, low, medium, high or critical"))
    }
}
