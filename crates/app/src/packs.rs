//! Conformance packs: what the store knows of them, and the check of pack files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use haechi_content::ManagedRules;
use haechi_content::pack::{Owner, Pack, ParameterValues};
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};

use crate::error::{Result, UserError};
use crate::rulebook::{pack_errors, parameter_values};
use crate::{App, Exit, Page, in_store};

/// What a check of pack files found.
pub struct PackCheck {
    pub table: Table,
    /// One error a file that does not load.
    pub errors: Vec<UserError>,
    /// 0: all load and every rule is implemented; 1: a rule is missing; 2: a file does not load.
    pub exit: Exit,
}

impl App {
    pub fn packs(&self, page: Page) -> Result<Table> {
        let packs = self.existing_store()?.packs().map_err(in_store)?;
        let (rows, total) = page.of(packs);
        let shown = rows.len();
        let row = |pack: &haechi_store::PackReference| {
            vec![Cell::Text(pack.name.clone()), Cell::Text(pack.source.clone()), Cell::Number(pack.rules.len() as i64)]
        };
        Ok(Table {
            columns: vec![
                Column::new("pack", "column-pack", Fit::Whole),
                Column::new("source", "column-source", Fit::Middle),
                Column::new("rules", "column-rules", Fit::Number),
            ],
            rows: rows.iter().map(row).collect(),
            empty: Message::new("list-no-packs"),
            notes: if shown < total {
                vec![Message::new("list-page").with("shown", shown).with("total", total)]
            } else {
                Vec::new()
            },
        })
    }

    pub fn check_packs(&self, files: &[PathBuf], parameters: &[String]) -> Result<PackCheck> {
        let values = parameter_values(parameters)?;
        let (mut rows, mut errors, mut missing) = (Vec::new(), Vec::new(), 0);
        for file in files {
            match self.check_pack(file, &values) {
                Ok((row, lacking)) => {
                    missing += lacking;
                    rows.push(row);
                }
                Err(error) => errors.push(error),
            }
        }
        let exit = match (errors.is_empty(), missing) {
            (false, _) => Exit::Failed,
            (true, 0) => Exit::Clean,
            (true, _) => Exit::Findings,
        };
        let needing = rows.iter().any(|row| matches!(row.last(), Some(Cell::List(names)) if !names.is_empty()));
        let table = Table {
            columns: vec![
                Column::new("pack", "column-pack", Fit::Middle),
                Column::new("rules", "column-rules", Fit::Number),
                Column::new("implemented", "column-implemented", Fit::Number),
                Column::new("processChecks", "column-process-checks", Fit::Number),
                // Of a few packs every name is worth reading; of many, how it begins.
                Column::new(
                    "notImplemented",
                    "column-not-implemented",
                    if files.len() > 3 { Fit::End } else { Fit::Wrap },
                ),
                Column::new("parameters", "column-parameters", Fit::Spare),
                Column::new(
                    "neededParameters",
                    "column-needed-parameters",
                    if needing { Fit::Middle } else { Fit::Machine },
                ),
            ],
            rows,
            empty: Message::new("list-nothing"),
            notes: vec![
                Message::new("packs-checked")
                    .with("loaded", files.len() - errors.len())
                    .with("total", files.len())
                    .with("missing", missing),
            ],
        };
        Ok(PackCheck { table, errors, exit })
    }

    fn check_pack(&self, file: &Path, values: &ParameterValues) -> Result<(Vec<Cell>, usize)> {
        let shown = file.display().to_string();
        let refused = |errors: Vec<haechi_content::Diagnostic>| pack_errors(&shown, &errors);
        let pack = Pack::load(file).map_err(refused)?;
        // A parameter without a value is the user's to give when the pack is assessed: the pack itself is sound.
        let needed = needed(&pack, values);
        let mut given = values.clone();
        given.values.extend(needed.iter().map(|(name, value)| (name.clone(), value.clone())));
        let resolved = pack.resolve(&given).map_err(refused)?;
        let (mut implemented, mut checks, mut lacking) = (0, 0, Vec::new());
        for rule in &resolved.rules {
            match rule.identifier.as_str() {
                "AWS_CONFIG_PROCESS_CHECK" => checks += 1,
                id if rule.owner == Owner::Aws && self.content.rule(id).is_some() => {
                    let file = &self.content.rule(id).expect("it was just there").file;
                    let given =
                        rule.parameters.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
                    let stands_in = rule.parameters.values().any(|value| needed.values().any(|other| other == value));
                    if stands_in {
                        implemented += 1;
                        continue;
                    }
                    haechi_rules::effective_parameters(file, &given).map_err(|error| {
                        UserError::said("error-pack-load")
                            .arg("path", &shown)
                            .because(format!("{}: {error}", rule.config_rule_name))
                    })?;
                    implemented += 1;
                }
                id if rule.owner == Owner::Aws && ManagedRules::known().get(id).is_none() => {
                    let near = ManagedRules::known().nearest(id);
                    lacking.push(near.map_or_else(|| format!("{id}?"), |near| format!("{id} (did you mean {near}?)")));
                }
                id => lacking.push(if id.is_empty() { rule.config_rule_name.clone() } else { id.to_owned() }),
            }
        }
        lacking.sort();
        lacking.dedup();
        let count = |number: usize| Cell::Number(i64::try_from(number).unwrap_or(i64::MAX));
        let row = vec![
            Cell::Text(pack.name().to_owned()),
            count(resolved.rules.len()),
            count(implemented),
            count(checks),
            Cell::List(lacking.clone()),
            count(pack.parameters().len()),
            Cell::List(needed.into_keys().collect()),
        ];
        Ok((row, lacking.len()))
    }
}

/// The parameters that have neither a default nor a value, each with a value that stands in for it.
fn needed(pack: &Pack, values: &ParameterValues) -> BTreeMap<String, String> {
    let open = |parameter: &&haechi_content::pack::PackParameter| {
        parameter.default.is_none() && !values.values.contains_key(&parameter.name)
    };
    let stand_in = |parameter: &haechi_content::pack::PackParameter| {
        let allowed = parameter.allowed_values.first().cloned();
        (parameter.name.clone(), allowed.unwrap_or_else(|| format!("value-of-{}", parameter.name)))
    };
    pack.parameters().iter().filter(open).map(stand_in).collect()
}
