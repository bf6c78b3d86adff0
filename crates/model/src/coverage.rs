//! What a run could see: one line per account, region and resource type.
//!
//! Only a complete listing may say that a resource is gone; an access denied or a time-out never does.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, Region, ResourceType};

/// What was seen of one type in one account and region (or `global`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    pub account_id: AccountId,
    pub region: Region,
    pub resource_type: ResourceType,
    #[serde(flatten)]
    pub state: CoverageState,
    /// Resources seen, also when the listing broke off.
    pub resources: u64,
}

/// Whether the listing of a type reached its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum CoverageState {
    /// Every resource of the type was listed.
    Complete,
    /// The listing failed or broke off.
    Failed {
        #[serde(flatten)]
        gap: Gap,
    },
    /// The listing was not tried: the region is disabled, or the source does not hold the type.
    Skipped { reason: String },
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// AWS's error code, or our own word such as `Timeout`.
    pub code: String,
    pub message: String,
    /// The API operation, such as `ec2:DescribeInstances`.
    pub operation: String,
    /// The IAM action that would have allowed it, when access was denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_action: Option<String>,
}

impl Coverage {
    pub fn is_complete(&self) -> bool {
        self.state == CoverageState::Complete
    }
}
