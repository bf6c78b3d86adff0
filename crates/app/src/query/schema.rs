//! What can be asked for: the public views with their columns, or the properties of a resource type.

use haechi_content::Members;
use haechi_model::Message;
use haechi_query::TOP_LEVEL;
use haechi_report::{Cell, Column, Fit, Table};

use crate::error::{Result, UserError};
use crate::{App, in_store};

impl App {
    /// The columns of the views; of a resource type, the paths of its properties.
    pub fn query_schema(&self, resource_type: Option<&str>) -> Result<Table> {
        let rows = match resource_type {
            None => self.views()?,
            Some(name) => self.properties(name)?,
        };
        let columns = match resource_type {
            None => [("view", "query-column-view"), ("column", "query-column-column")],
            Some(_) => [("property", "query-column-property"), ("type", "query-column-kind")],
        };
        Ok(Table {
            columns: columns.into_iter().map(|(key, title)| Column::new(key, title, Fit::Whole)).collect(),
            rows,
            empty: Message::new("query-nothing"),
            notes: Vec::new(),
        })
    }

    fn views(&self) -> Result<Vec<Vec<Cell>>> {
        let store = self.existing_store()?;
        let views = store.public_views().map_err(in_store)?;
        let cells = views.into_iter().flat_map(|view| {
            let name = view.name;
            view.columns.into_iter().map(move |column| vec![Cell::Text(name.clone()), Cell::Text(column)])
        });
        Ok(cells.collect())
    }

    fn properties(&self, name: &str) -> Result<Vec<Vec<Cell>>> {
        let types = self.content().types();
        let found = types.types.iter().find(|(known, _)| known.as_str().eq_ignore_ascii_case(name));
        let Some((_, info)) = found else {
            let error = UserError::said("query-no-type").arg("name", name);
            return Err(match types.nearest(name) {
                Some(near) => error.help("query-advice-type").arg("near", near.as_str()),
                None => error.help("query-advice-types"),
            });
        };
        let mut paths: Vec<(String, String)> = TOP_LEVEL
            .iter()
            .filter(|name| info.members.child(name).is_none())
            .map(|name| ((*name).to_owned(), String::new()))
            .collect();
        for part in ["tag", "key", "value"] {
            paths.push((format!("tags.{part}"), "string".to_owned()));
        }
        for part in ["resourceId", "resourceName", "resourceType", "relationshipName"] {
            paths.push((format!("relationships.{part}"), "string".to_owned()));
        }
        gather(&info.members, "", &mut paths);
        paths.sort();
        Ok(paths.into_iter().map(|(path, kind)| vec![Cell::Text(path), Cell::Text(kind)]).collect())
    }
}

fn gather(members: &Members, before: &str, paths: &mut Vec<(String, String)>) {
    for (name, child) in &members.children {
        let path = if before.is_empty() { name.clone() } else { format!("{before}.{name}") };
        if child.children.is_empty() {
            let kind = child.kind.clone().unwrap_or_else(|| if child.open { "any".into() } else { "string".into() });
            paths.push((path, kind));
        } else {
            gather(child, &path, paths);
        }
    }
}
