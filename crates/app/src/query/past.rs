//! Names, ARNs and tags of past items: a store keeps the current ones only beside the bodies.

use haechi_model::Timestamp;
use haechi_query::{Paths, Pieces, Take};
use haechi_store::{Scan, ScanRow, StoreError};

/// What stands in the body of a past item.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) name: Option<String>,
    pub(super) arn: Option<String>,
    pub(super) tags: Option<String>,
}

pub(super) struct PastColumns {
    /// None: the scan is of the present.
    paths: Option<Paths>,
    slots: [usize; 3],
    wanted: bool,
}

impl PastColumns {
    pub(super) fn new(as_of: Option<Timestamp>, scan: &Scan) -> Self {
        let mut paths = Paths::default();
        let slots = ["resourceName", "arn", "tags"].map(|name| paths.add(&[name.to_owned()], Take::Whole));
        Self { paths: as_of.map(|_| paths), slots, wanted: scan.columns.names || scan.columns.tags }
    }

    /// Reads them where they are wanted.
    pub(super) fn read(&self, row: &mut ScanRow<'_>) -> Result<Option<Beside>, StoreError> {
        let Some(paths) = &self.paths else { return Ok(None) };
        if !self.wanted {
            return Ok(Some(Beside::default()));
        }
        row.fetch_body()?;
        let mut pieces = Pieces::default();
        let body = row.body();
        if paths.read(body, &mut pieces).is_err() {
            return Ok(Some(Beside::default()));
        }
        let [name, arn, tags] = self.slots.map(|slot| pieces.of(slot, body).next());
        let text = |json: Option<&[u8]>| json.and_then(|json| serde_json::from_slice::<String>(json).ok());
        let tags = tags.and_then(|tags| std::str::from_utf8(tags).ok()).map(str::to_owned);
        Ok(Some(Beside { name: text(name), arn: text(arn), tags }))
    }
}
