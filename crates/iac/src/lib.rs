//! Infrastructure as code as configuration items: Terraform plans and states, CloudFormation templates.
//!
//! The same items, so the same rules judge what is not built yet. A value that is not known (known after
//! apply, not resolvable) is listed in `notCollected` with its reason, and so is every member that no plan
//! and no template speaks of: rules then say INSUFFICIENT_DATA, never a verdict on what nobody knows.
//! How each kind becomes an item is content: see content/mappings.

pub mod cloudformation;
mod encoding;
mod item;
mod kind;
mod mapping;
mod path;
mod resource;
mod shape;
pub mod terraform;
mod unknown;

use std::collections::BTreeMap;

use haechi_content::{Diagnostic, TypeCatalogue};

pub use item::{Built, NO_ACCOUNT, NO_REGION, Place, build};
pub use kind::{Kind, SNIFFED, kind_of};
pub use mapping::{Mapping, Mappings};
pub use path::Path;
pub use resource::{Age, Note, Reading, Resource};
pub use terraform::{Positions, Refused};
pub use unknown::unknown;

/// Why a source was not read.
#[derive(Debug)]
pub enum Failure {
    Terraform(Refused),
    /// With the line of the template and a caret.
    CloudFormation(Box<Diagnostic>),
}

/// What reading a source needs besides its bytes.
pub struct Reader<'a> {
    pub mappings: &'a Mappings,
    pub types: &'a TypeCatalogue,
    pub place: Place,
    /// Values of a template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Where resources stand in `.tf` files.
    pub positions: Option<&'a Positions>,
}

impl Reader<'_> {
    /// The items of a source.
    ///
    /// # Errors
    /// The source cannot be read; nothing of it is kept.
    pub fn read(&self, kind: Kind, bytes: &[u8], file: &str) -> Result<Built, Failure> {
        let bytes = &*encoding::utf8(bytes);
        let mut reading = match kind {
            Kind::TerraformPlan => terraform::read_plan(bytes, file, self.mappings).map_err(Failure::Terraform)?,
            Kind::TerraformState => terraform::read_state(bytes, file).map_err(Failure::Terraform)?,
            Kind::CloudFormation => {
                cloudformation::read_template(bytes, file, &self.parameters, self.mappings, &self.place)
                    .map_err(Failure::CloudFormation)?
            }
        };
        if let Some(positions) = self.positions.filter(|_| kind != Kind::CloudFormation) {
            positions.place(&mut reading.resources);
        }
        Ok(build(reading, self.mappings, self.types, &self.place))
    }
}
