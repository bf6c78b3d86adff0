//! The rows of a store as the executor of queries takes them.

use haechi_model::Timestamp;
use haechi_query::{Column, Row};
use haechi_store::{ScanRow, StoreError};

use super::past::Beside;

pub(super) struct StoreRow<'a, 'r> {
    row: &'a mut ScanRow<'r>,
    /// What stands beside the body of a current item, and in the body of a past one.
    past: Option<Beside>,
}

impl<'a, 'r> StoreRow<'a, 'r> {
    pub(super) fn new(row: &'a mut ScanRow<'r>, past: Option<Beside>) -> Self {
        Self { row, past }
    }
}

impl Row for StoreRow<'_, '_> {
    type Error = StoreError;

    fn position(&self) -> u64 {
        self.row.position()
    }

    fn column(&self, column: Column) -> Option<&str> {
        let scope = self.row.scope();
        match (column, &self.past) {
            (Column::AccountId, _) => Some(&scope.account),
            (Column::AwsRegion, _) => Some(&scope.region),
            (Column::ResourceType, _) => Some(&scope.resource_type),
            (Column::ResourceId, _) => Some(self.row.resource_id()),
            (Column::ResourceName, None) => self.row.name(),
            (Column::ResourceName, Some(past)) => past.name.as_deref(),
            (Column::Arn, None) => self.row.arn(),
            (Column::Arn, Some(past)) => past.arn.as_deref(),
            (Column::Status, _) => Some(self.row.status().as_str()),
            (Column::CaptureTime, _) => None,
        }
    }

    fn captured(&self) -> Timestamp {
        self.row.captured()
    }

    fn tags(&self) -> Option<&str> {
        match &self.past {
            None => self.row.tags(),
            Some(past) => past.tags.as_deref(),
        }
    }

    fn fetch_version(&mut self) -> Result<(), StoreError> {
        self.row.fetch_version()
    }

    fn version(&self) -> &[u8] {
        self.row.version().as_bytes()
    }

    fn fetch_body(&mut self) -> Result<(), StoreError> {
        self.row.fetch_body()
    }

    fn body(&self) -> &[u8] {
        self.row.body()
    }
}
