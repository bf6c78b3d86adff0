//! The table of actions: Haechi's own or a newer one, and `haechi iam actions`.

use std::path::Path;

use haechi_iam::Catalogue;
use haechi_iam::catalogue::{AccessLevel, ActionInfo, ArnMatch, Need};
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};

use crate::App;
use crate::error::{Result, UserError};

/// Which actions to list.
#[derive(Debug, Clone, Default)]
pub struct ActionsRequest {
    /// `s3:GetObject`, `s3:Put*`, `*`.
    pub patterns: Vec<String>,
    /// Words of [`AccessLevel`]; empty: all.
    pub levels: Vec<String>,
    /// Only those that can be about this ARN, or pattern of ARNs.
    pub resource: Option<String>,
    /// Only those whose requests have this condition key.
    pub key: Option<String>,
}

impl App {
    /// The table of actions: that of the settings, or the one that Haechi ships with.
    pub(crate) fn iam_catalogue(&self) -> Result<Catalogue> {
        match &self.settings.iam_data {
            None => Catalogue::read(haechi_content::iam::actions()).map_err(UserError::verbatim),
            Some(path) => read(path).map_err(|cause| {
                UserError::said("iam-data-read").arg("path", path.display()).because(cause).help("advice-iam-data")
            }),
        }
    }

    /// The actions that a pattern matches, with what policies can say of them.
    ///
    /// # Errors
    /// An access level that does not exist; the table of the settings can't be read.
    pub fn iam_actions(&self, request: &ActionsRequest) -> Result<Table> {
        let levels = request.levels.iter().map(|word| level(word)).collect::<Result<Vec<_>>>()?;
        let catalogue = self.iam_catalogue()?;
        let everything = ["*".to_owned()];
        let patterns = if request.patterns.is_empty() { &everything[..] } else { &request.patterns };
        let mut found: Vec<ActionInfo<'_>> = patterns
            .iter()
            .flat_map(|pattern| catalogue.expand(pattern))
            .filter(|one| wanted(*one, &levels, request))
            .collect();
        found.sort_by_key(|action| action.number());
        found.dedup();
        let source = catalogue.sources().next().unwrap_or_default().replace('\t', " ");
        let total = Message::new("actions-total").with("count", found.len()).with("source", source);
        let nothing = found.is_empty();
        Ok(Table {
            columns: vec![
                Column::new("action", "actions-column-action", Fit::Whole),
                Column::new("level", "actions-column-level", Fit::Whole),
                Column::new("resourceTypes", "actions-column-resources", Fit::End),
                Column::named("arns".to_owned(), Fit::Machine),
                Column::new("conditionKeys", "actions-column-keys", Fit::End),
                Column::named("requiredResourceTypes".to_owned(), Fit::Machine),
                Column::new("dependentActions", "actions-column-dependent", Fit::Spare),
                Column::named("serviceName".to_owned(), Fit::Machine),
            ],
            rows: found.into_iter().map(row).collect(),
            empty: Message::new("actions-none").with("pattern", patterns.join(" ")),
            notes: if nothing { Vec::new() } else { vec![total] },
        })
    }
}

fn level(word: &str) -> Result<AccessLevel> {
    let found = AccessLevel::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(word));
    found.ok_or_else(|| UserError::said("actions-level").arg("word", word).help("advice-actions-level"))
}

fn wanted(action: ActionInfo<'_>, levels: &[AccessLevel], request: &ActionsRequest) -> bool {
    let at_level = levels.is_empty() || levels.contains(&action.level());
    let about = |arn: &String| action.resources().any(|one| one.resource_type().arn().meets(arn) == ArnMatch::Some);
    at_level
        && request.resource.as_ref().is_none_or(about)
        && request.key.as_ref().is_none_or(|key| action.supports_key(key))
}

fn row(action: ActionInfo<'_>) -> Vec<Cell> {
    let types = action.resources().map(|one| {
        let star = if one.need() == Need::Required { "*" } else { "" };
        format!("{}{star}", one.resource_type().name())
    });
    let required = action.resources().filter(|one| one.need() == Need::Required);
    let mut keys: Vec<&str> =
        action.keys().chain(action.resources().flat_map(|one| one.keys())).map(|key| key.name()).collect();
    keys.sort_unstable();
    keys.dedup();
    vec![
        Cell::Text(action.full_name()),
        action.level().as_str().into(),
        Cell::List(types.collect()),
        Cell::List(action.resources().map(|one| one.resource_type().arn().as_str().to_owned()).collect()),
        Cell::List(keys.into_iter().map(str::to_owned).collect()),
        Cell::List(required.map(|one| one.resource_type().name().to_owned()).collect()),
        Cell::List(action.dependent_actions().map(str::to_owned).collect()),
        action.service().name().into(),
    ]
}

/// A table in Haechi's form, or the package it is made from.
fn read(path: &Path) -> std::result::Result<Catalogue, String> {
    let text = if path.is_dir() {
        let own = Catalogue::read(haechi_content::iam::actions()).map_err(|error| error.to_string())?;
        // The package does not tell dependent actions: those that Haechi knows still hold.
        let dependents = |action: &str| -> Vec<String> {
            own.action(action).map(|one| one.dependent_actions().map(str::to_owned).collect()).unwrap_or_default()
        };
        // As npm packs it, and as `npm pack` and tar lay it down.
        let inner = path.join("package");
        let root = if inner.join("package.json").is_file() { inner.as_path() } else { path };
        let mut file = |name: &str| std::fs::read(root.join(name)).ok();
        haechi_content::iam::from_package(&mut file, &dependents).map_err(|error| error.to_string())?
    } else {
        std::fs::read_to_string(path).map_err(|error| error.to_string())?
    };
    Catalogue::read(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_rules_that_ship_are_read() {
        let catalogue = Catalogue::read(haechi_content::iam::actions()).unwrap();
        assert!(catalogue.action("s3:GetObject").is_some());
        assert!(haechi_iam::EventRules::read(haechi_content::iam::events()).is_ok());
    }

    #[test]
    fn another_table_can_be_read_instead() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.txt");
        std::fs::write(&path, "!haechi-iam-data\t1\n!toy\t1\t2030-01-01\nStoy\tToy\nAOpen\tW\n").unwrap();
        assert!(read(&path).unwrap().action("toy:Open").is_some());
        std::fs::write(&path, "no table").unwrap();
        assert!(read(&path).unwrap_err().contains("line 1"));
        assert!(read(folder.path()).unwrap_err().contains("package.json is missing"));
    }
}
