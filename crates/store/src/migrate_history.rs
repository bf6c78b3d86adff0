//! What the second schema added to stores of the first: where names and relationships are found.

use crate::database::Connection;
use haechi_model::Doc;

use crate::codec::Decoder;
use crate::contents;
use crate::fault::Fault;
use crate::names::{name_hash, names_of};

/// Fills the tables of names and targets from the items that are there.
pub(crate) fn fill(connection: &Connection, decoder: &Decoder) -> Result<(), Fault> {
    let mut named = connection.prepare("INSERT OR IGNORE INTO h_names (name, item) VALUES (?, ?)")?;
    let mut items = connection.prepare("SELECT id, resource_id, name, arn FROM h_items")?;
    let mut rows = items.query(())?;
    while let Some(row) = rows.next()? {
        let (id, name, arn): (String, Option<String>, Option<String>) = (row.get(1)?, row.get(2)?, row.get(3)?);
        for name in names_of(&id, name.as_deref(), arn.as_deref()) {
            named.execute([name_hash(name), row.get(0)?])?;
        }
    }
    let mut related = connection.prepare("INSERT OR IGNORE INTO h_relations (target, item) VALUES (?, ?)")?;
    let mut versions = connection.prepare("SELECT DISTINCT item, content FROM h_versions WHERE content IS NOT NULL")?;
    let mut rows = versions.query(())?;
    while let Some(row) = rows.next()? {
        let (item, content): (i64, i64) = (row.get(0)?, row.get(1)?);
        let body = contents::read(connection, decoder, content)?;
        let unreadable =
            |error: haechi_model::DocError| Fault::Damaged(format!("body {content} cannot be read: {error}"));
        let body = Doc::parse(&body).map_err(unreadable)?;
        for relationship in body.root().get("relationships").into_iter().flat_map(haechi_model::Node::elements) {
            for member in ["resourceId", "resourceName"] {
                if let Some(name) = relationship.get(member).and_then(haechi_model::Node::as_str) {
                    related.execute([name_hash(name), item])?;
                }
            }
        }
    }
    Ok(())
}
