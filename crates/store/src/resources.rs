//! Lists of resources: filtered, ordered, counted and paged by the database, without reading a body.

use std::ops::ControlFlow;

use crate::database::Row;
use haechi_model::{ContentHash, Timestamp};
use rusqlite::types::Value;

use crate::Result;
use crate::bodies::{self, GONE};
use crate::conditions::{Conditions, text};
use crate::fault::{Fault, from_json};
use crate::open::Store;
use crate::read_items::key_of;
use crate::records::{ItemFilter, Presence, ResourceRow, Slice};

const COLUMNS: &str = "s.partition, s.account, s.region, s.type, i.resource_id, i.name, i.arn, i.tags";
const COLUMNS_NOW: &str = "i.captured, i.status, i.hash, NULL";
const NOW: &str = "FROM h_items i JOIN h_scopes s ON s.id = i.scope";
const COLUMNS_THEN: &str = "v.captured, v.status, c.hash, v.content";
/// With the version that stood at a moment.
const THEN: &str = "FROM h_items i JOIN h_scopes s ON s.id = i.scope
    JOIN h_versions v ON v.item = i.id AND (v.captured, v.sequence) =
        (SELECT n.captured, n.sequence FROM h_versions n WHERE n.item = i.id AND n.captured <= ?
         ORDER BY n.captured DESC, n.sequence DESC LIMIT 1)
    LEFT JOIN h_contents c ON c.id = v.content";
const ORDER: &str = " ORDER BY s.type, s.account, s.region, s.partition, i.resource_id";

enum Select {
    Rows,
    Number,
}

impl ItemFilter {
    /// What SQL decides. Tags of the past stand in the bodies: see [`Store::resources`].
    pub(crate) fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        conditions.any_of("s.type", self.types.iter().map(text));
        conditions.any_of("s.account", self.accounts.iter().map(|account| text(account.as_str())));
        conditions.any_of("s.region", self.regions.iter().map(text));
        self.add_names(&mut conditions);
        let status = if self.as_of.is_some() { "v.status" } else { "i.status" };
        match self.presence {
            Presence::There => conditions.add(&format!("{status} < {GONE}"), []),
            Presence::Gone => conditions.add(&format!("{status} >= {GONE}"), []),
            Presence::Any => {}
        }
        for tag in self.tags.iter().filter(|_| self.as_of.is_none()) {
            match &tag.value {
                Some(value) => conditions.add("haechi_tag(i.tags, ?) = ?", [text(&tag.key), text(value)]),
                None => conditions.add("haechi_tag(i.tags, ?) IS NOT NULL", [text(&tag.key)]),
            }
        }
        conditions
    }

    /// The conditions on ids and names.
    pub(crate) fn add_names(&self, conditions: &mut Conditions) {
        conditions.any_of("i.resource_id", self.ids.iter().map(text));
        if !self.names.is_empty() {
            let one = "haechi_glob(?, i.resource_id) OR haechi_glob(?, i.name) OR haechi_glob(?, i.arn)";
            let all = vec![one; self.names.len()].join(" OR ");
            conditions
                .add(&format!("({all})"), self.names.iter().flat_map(|glob| [text(glob), text(glob), text(glob)]));
        }
    }

    fn query(&self, select: Select, tail: &str) -> (String, Vec<Value>) {
        let conditions = self.conditions();
        let (columns, from) = match self.as_of {
            Some(_) => (COLUMNS_THEN, THEN),
            None => (COLUMNS_NOW, NOW),
        };
        let columns = match select {
            Select::Rows => format!("{COLUMNS}, {columns}"),
            Select::Number => "count(*)".to_owned(),
        };
        let at = self.as_of.map(|at| Value::Integer(at.as_micros()));
        let sql = format!("SELECT {columns} {from}{}{tail}", conditions.sql());
        (sql, at.into_iter().chain(conditions.into_values()).collect())
    }

    /// Whether the tags have to be looked up in the bodies.
    fn reads_bodies(&self) -> bool {
        self.as_of.is_some() && !self.tags.is_empty()
    }
}

impl Store {
    /// One page of the resources that a filter lets pass, by type, account, region and id.
    ///
    /// Names and ARNs are those that a resource has now, also in a list of the past; tags are those of the moment.
    pub fn resources(&self, filter: &ItemFilter, page: Slice) -> Result<Vec<ResourceRow>> {
        let mut found = Vec::new();
        self.each_resource(filter, page, |row| {
            found.push(row);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Gives the resources of a page one at a time.
    pub fn each_resource(
        &self,
        filter: &ItemFilter,
        page: Slice,
        mut each: impl FnMut(ResourceRow) -> ControlFlow<()>,
    ) -> Result<()> {
        let in_sql = !filter.reads_bodies();
        let limit = page.limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
        let tail = if in_sql { format!("{ORDER} LIMIT {limit} OFFSET {offset}") } else { ORDER.to_owned() };
        let (sql, values) = filter.query(Select::Rows, &tail);
        self.snapshot(|| {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = statement.query(&values)?;
            let mut passed = 0;
            while let Some(row) = rows.next()? {
                let mut found = row_of(&row)?;
                if filter.as_of.is_some() {
                    self.tags_then(&mut found, row.get(11)?)?;
                }
                if !in_sql {
                    let has = |tag: &crate::records::TagFilter| {
                        found
                            .tags
                            .get(&tag.key)
                            .is_some_and(|value| tag.value.as_ref().is_none_or(|wanted| wanted == value))
                    };
                    if !filter.tags.iter().all(has) {
                        continue;
                    }
                    passed += 1;
                    if passed <= offset {
                        continue;
                    }
                    if passed - offset > limit {
                        break;
                    }
                }
                if each(found).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// How many resources a filter lets pass.
    pub fn count_resources(&self, filter: &ItemFilter) -> Result<u64> {
        if filter.reads_bodies() {
            let mut number = 0;
            self.each_resource(filter, Slice::default(), |_| {
                number += 1;
                ControlFlow::Continue(())
            })?;
            return Ok(number);
        }
        let (sql, values) = filter.query(Select::Number, "");
        self.snapshot(|| {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let number: i64 = statement.query_row(&values, |row| row.get(0))?;
            Ok(number.max(0) as u64)
        })
    }

    /// The tags that a version had; a deleted one keeps those it had last.
    fn tags_then(&self, row: &mut ResourceRow, content: Option<i64>) -> Result<(), Fault> {
        let Some(content) = content else { return Ok(()) };
        let body = crate::contents::read(&self.connection, &self.decoder, content)?;
        let item = bodies::join(&body, row.captured.as_micros(), bodies::status_number(row.status), None)?;
        row.tags = item.tags().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Ok(())
    }
}

fn row_of(row: &Row<'_>) -> Result<ResourceRow, Fault> {
    let tags: Option<String> = row.get(7)?;
    let hash: Option<[u8; 16]> = row.get(10)?;
    Ok(ResourceRow {
        key: key_of(row, 0)?,
        name: row.get(5)?,
        arn: row.get(6)?,
        tags: tags.map_or_else(|| Ok(Default::default()), |tags| from_json(&tags, "the tags of a resource"))?,
        captured: Timestamp::from_micros(row.get(8)?),
        status: bodies::status(row.get(9)?)?,
        hash: hash.map_or_else(|| ContentHash::of(b""), ContentHash::from_bytes),
    })
}
