//! What a plan, a state or a template holds: its resources, with all that is known of each.

use haechi_model::SourceLocation;
use serde_json::Value;

/// Whether a resource is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// It will be made: AWS's defaults of today hold.
    New,
    /// It is there, or may be.
    Standing,
}

/// Stands among the values of a resource that may not be made: the condition of the template that cannot be
/// decided. The resource is judged as it will be when it is made, but nothing may rely on it.
pub(crate) const CONDITION: &str = "@Condition";

/// One resource as its source describes it.
#[derive(Clone, Debug)]
pub struct Resource {
    /// `module.logs.aws_s3_bucket.this["a"]`, or the logical id of a template.
    pub address: String,
    /// `aws_s3_bucket`, `AWS::S3::Bucket`.
    pub kind: String,
    /// Attributes or properties; what is not known is a text of [`crate::unknown`].
    pub values: Value,
    pub location: SourceLocation,
    pub age: Age,
    /// Of the provider or the resource itself.
    pub region: Option<String>,
}

/// Something to tell about a source that is no fault of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The message's id in the locales.
    pub id: &'static str,
    pub arguments: Vec<(&'static str, String)>,
    pub line: Option<u32>,
    pub column: Option<u32>,
}

impl Note {
    pub(crate) fn new(id: &'static str, arguments: Vec<(&'static str, String)>) -> Self {
        Self { id, arguments, line: None, column: None }
    }

    pub(crate) fn at(mut self, position: haechi_content::Position) -> Self {
        (self.line, self.column) = (Some(position.line), Some(position.column));
        self
    }
}

/// A source that was read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub resources: Vec<Resource>,
    pub notes: Vec<Note>,
    /// The account that the source itself names.
    pub account: Option<String>,
    /// The region that the source itself names for resources without one of their own.
    pub region: Option<String>,
}
