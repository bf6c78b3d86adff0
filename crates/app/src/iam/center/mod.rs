//! IAM Identity Center over the record: who has what where, assignments as they shall be, and the access review.

mod access;
mod assignments;
mod review;

use std::ops::ControlFlow;
use std::sync::Arc;

use haechi_access::World;
use haechi_access::center::{Directory, DirectoryBuilder, Drift, Seat, Unfound};
use haechi_model::{CoverageState, Message, ResourceType, Timestamp};
use haechi_report::Cell;
use haechi_store::{ItemFilter, Store};

use crate::error::{Result, UserError};
use crate::moment::moment;
use crate::{App, in_store};

pub use access::{OrgAccess, OrgAccessRequest};
pub use assignments::{AssignmentsPlan, AssignmentsRequest};
pub use review::{AccessReview, AccessReviewRequest};

/// The record, as far as it bears on people.
struct Recorded {
    world: World,
    directory: Directory,
}

/// Policies of AWS that no item has.
fn documents(arn: &str) -> Option<Arc<str>> {
    haechi_content::iam::managed_policy(arn).map(Into::into)
}

impl App {
    fn people(&self, as_of: Option<&str>) -> Result<Recorded> {
        let at = as_of.map(|text| moment("as-of", text, self.now())).transpose()?;
        let store = self.existing_store()?;
        let directory = self.directory_of(&store, at)?;
        if directory.is_empty() {
            return Err(UserError::said("center-nothing").help("advice-center-record"));
        }
        Ok(Recorded { world: self.world_of(&store, at)?, directory })
    }

    fn directory_of(&self, store: &Store, at: Option<Timestamp>) -> Result<Directory> {
        let mut builder = Directory::builder();
        let filter = ItemFilter { as_of: at, ..ItemFilter::default() };
        for name in DirectoryBuilder::types() {
            let resource_type = ResourceType::parse(name).map_err(UserError::verbatim)?;
            let each = |item, _| {
                builder.add(&item);
                ControlFlow::Continue(())
            };
            store.items_of_type(&resource_type, &filter, each).map_err(in_store)?;
        }
        for line in store.coverage_at(at.unwrap_or_else(|| self.now())).map_err(in_store)? {
            let coverage = line.coverage;
            let name = coverage.resource_type.as_str();
            if let CoverageState::Failed { gap } = &coverage.state
                && (name.starts_with("AWS::SSO::") || name.starts_with("AWS::IdentityStore::"))
            {
                builder.not_listed(name, &gap.code);
            }
        }
        Ok(builder.build())
    }
}

/// What the reader of any answer has to know of this part of the record.
fn cautions(recorded: &Recorded) -> Vec<Message> {
    let mut cautions: Vec<Message> = recorded
        .directory
        .unlisted()
        .map(|unlisted| {
            Message::new("center-unlisted").with("type", &*unlisted.resource_type).with("reason", &*unlisted.reason)
        })
        .collect();
    if recorded.directory.instances().len() == 0 {
        cautions.push(Message::new("center-no-instance"));
    }
    cautions
}

/// Nobody of this name, or several.
fn unfound(unfound: Unfound, word: &str) -> UserError {
    match unfound {
        Unfound::Nobody(None) => UserError::said("center-nobody").arg("name", word).help("advice-center-who"),
        Unfound::Nobody(Some(near)) => {
            UserError::said("center-nobody").arg("name", word).help("advice-center-near").arg("near", near)
        }
        Unfound::Several(all) => {
            let error = UserError::said("center-several").arg("name", word);
            all.into_iter().fold(error, |error, one| error.because(one)).help("advice-center-id")
        }
    }
}

/// An account by its id or name.
fn account_id<'w>(world: &'w World, word: &str) -> Result<&'w str> {
    if let Some(account) = world.account(word) {
        return Ok(&account.id);
    }
    let named: Vec<&str> =
        world.accounts().filter(|account| *account.name == *word).map(|account| &*account.id).collect();
    match named[..] {
        [one] => Ok(one),
        [] => Err(UserError::said("center-no-account").arg("name", word).help("advice-center-accounts")),
        _ => Err(UserError::said("center-accounts").arg("name", word).arg("ids", named.join(", "))),
    }
}

fn account_name<'w>(world: &'w World, id: &str) -> &'w str {
    world.account(id).map(|account| &*account.name).unwrap_or_default()
}

/// By which way somebody has a permission set.
fn via(seat: &Seat<'_>) -> Message {
    let groups: Vec<&str> = seat.groups.iter().map(|group| &*group.name).collect();
    let more = groups.len().saturating_sub(GROUPS);
    let mut names = groups[..groups.len().min(GROUPS)].join(", ");
    if more > 0 {
        names += ", ...";
    }
    match (seat.is_direct, groups.is_empty()) {
        (true, true) => Message::new("center-via-direct"),
        (true, false) => Message::new("center-via-both").with("groups", names),
        _ => Message::new("center-via-groups").with("groups", names),
    }
}

/// Groups that are named in a cell.
const GROUPS: usize = 3;

/// Whether the role of an account is as its permission set says: the gravest difference.
fn provisioned(drift: &[Drift]) -> Cell {
    let Some(first) = drift.first() else { return Cell::Word { raw: "as-set", id: "center-drift-none" } };
    let id = match first {
        Drift::Outdated => "center-drift-outdated",
        Drift::NotProvisioned => "center-drift-not-provisioned",
        Drift::SetNotRecorded => "center-drift-set-not-recorded",
        Drift::PolicyMissing(_) => "center-drift-policy-missing",
        Drift::RoleLacks(_) => "center-drift-role-lacks",
        Drift::RoleHasMore(_) => "center-drift-role-has-more",
        Drift::InlineDiffers => "center-drift-inline-differs",
        Drift::BoundaryDiffers => "center-drift-boundary-differs",
        Drift::SeveralRoles(_) => "center-drift-several-roles",
    };
    Cell::Word { raw: first.name(), id }
}

/// Reads a text file that a user names.
fn read_text(path: &std::path::Path, most: u64) -> Result<String> {
    let failed =
        |error: &dyn std::fmt::Display| UserError::said("center-read").arg("path", path.display()).because(error);
    let about = std::fs::metadata(path).map_err(|error| failed(&error))?;
    if about.len() > most {
        return Err(failed(&format_args!("it has more than {most} bytes")));
    }
    std::fs::read_to_string(path).map_err(|error| failed(&error))
}
