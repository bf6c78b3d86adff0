//! How far the recorder has read each of its sources.

use haechi_model::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use crate::Result;
use crate::fault::{Fault, from_json, to_json};
use crate::open::Store;

impl Store {
    /// The position that was put last for a source.
    pub fn position(&self, source: &str) -> Result<Option<Value>> {
        self.told(self.read_position(source))
    }

    fn read_position(&self, source: &str) -> Result<Option<Value>, Fault> {
        let mut find = self.connection.prepare_cached("SELECT position FROM h_positions WHERE source = ?")?;
        let found: Option<String> = find.query_row([source], |row| row.get(0)).optional()?;
        found.map(|text| from_json(&text, "a position")).transpose()
    }

    /// Puts how far a source was read. Put it when what was read is committed: then a restart loses nothing.
    pub fn put_position(&mut self, source: &str, position: &Value, at: Timestamp) -> Result<()> {
        self.told(self.write_position(source, position, at))
    }

    fn write_position(&self, source: &str, position: &Value, at: Timestamp) -> Result<(), Fault> {
        let mut put = self.connection.prepare_cached(
            "INSERT INTO h_positions (source, position, at) VALUES (?, ?, ?)
             ON CONFLICT (source) DO UPDATE SET position = excluded.position, at = excluded.at",
        )?;
        put.execute(params![source, to_json(position)?, at.as_micros()])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_position_is_kept() {
        let mut store = Store::open_in_memory().unwrap();
        assert_eq!(store.position("s3://b/p").unwrap(), None);
        for key in ["a", "b"] {
            store.put_position("s3://b/p", &json!({"after": key}), Timestamp::from_seconds(1)).unwrap();
            assert_eq!(store.position("s3://b/p").unwrap(), Some(json!({"after": key})));
        }
        assert_eq!(store.position("s3://b/").unwrap(), None);
    }
}
