//! The WHERE of a query, put together from typed filters: values are always bound, never written into SQL.

use rusqlite::types::Value;

#[derive(Debug, Default)]
pub(crate) struct Conditions {
    /// The query has a WHERE already.
    begun: bool,
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Conditions for a query that has some already.
    pub(crate) fn more() -> Self {
        Self { begun: true, ..Self::default() }
    }

    /// A condition with its values; `sql` has one `?` for each.
    pub(crate) fn add(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(if self.begun { " AND " } else { " WHERE " });
        self.begun = true;
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    /// The column is one of these; an empty list is no condition.
    pub(crate) fn any_of(&mut self, column: &str, values: impl IntoIterator<Item = Value>) {
        let values: Vec<Value> = values.into_iter().collect();
        if !values.is_empty() {
            let marks = vec!["?"; values.len()].join(", ");
            self.add(&format!("{column} IN ({marks})"), values);
        }
    }

    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    pub(crate) fn into_values(self) -> Vec<Value> {
        self.values
    }

    pub(crate) fn values(&self) -> &Vec<Value> {
        &self.values
    }
}

pub(crate) fn text(value: impl AsRef<str>) -> Value {
    Value::Text(value.as_ref().to_owned())
}
