//! What was recorded: a list of resources, or one as a configuration item with its history.

use std::ops::ControlFlow;

use haechi_model::{AccountId, Message, Region, ResourceType};
use haechi_report::{Cell, Column, Fit, Table};
use haechi_store::ItemFilter;
use serde_json::{Value, json};

use crate::error::{Result, UserError};
use crate::{App, Page, in_store};

/// Which resources to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceQuery {
    pub types: Vec<String>,
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
}

fn each<T>(
    flag: &str,
    words: &[String],
    parse: impl Fn(&str) -> std::result::Result<T, haechi_model::IdError>,
) -> Result<Vec<T>> {
    words
        .iter()
        .map(|word| {
            parse(word.trim()).map_err(|error| UserError::said("error-flag").arg("flag", flag).arg("text", error))
        })
        .collect()
}

impl App {
    pub fn resources(&self, query: &ResourceQuery, page: Page) -> Result<Table> {
        let store = self.existing_store()?;
        let types = each("type", &query.types, ResourceType::parse)?;
        let filter = ItemFilter {
            accounts: each("account", &query.accounts, AccountId::parse)?,
            regions: each("region", &query.regions, Region::parse)?,
            ..ItemFilter::default()
        };
        let (from, limit) = (page.page.max(1).saturating_sub(1).saturating_mul(page.limit), page.limit);
        let (mut rows, mut total) = (Vec::new(), 0_usize);
        for resource_type in
            store.types().map_err(in_store)?.into_iter().filter(|kind| types.is_empty() || types.contains(kind))
        {
            let list = |item: haechi_model::ConfigurationItem, _| {
                if limit == 0 || (total >= from && rows.len() < limit) {
                    let key = item.key();
                    rows.push(vec![
                        Cell::Text(key.resource_type.to_string()),
                        Cell::Text(key.resource_id.to_string()),
                        Cell::from(item.resource_name()),
                        Cell::Text(key.account_id.to_string()),
                        Cell::Text(key.region.to_string()),
                        Cell::Time(item.captured()),
                    ]);
                }
                total += 1;
                ControlFlow::Continue(())
            };
            store.items_of_type(&resource_type, &filter, list).map_err(in_store)?;
        }
        let shown = rows.len();
        Ok(Table {
            columns: vec![
                Column::new("resourceType", "column-type", Fit::Whole),
                Column::new("resourceId", "column-resource-id", Fit::Middle),
                Column::new("resourceName", "column-name", Fit::Middle),
                Column::new("accountId", "column-account", Fit::Whole),
                Column::new("awsRegion", "column-region", Fit::Whole),
                Column::new("captured", "column-captured", Fit::Whole),
            ],
            rows,
            empty: Message::new("list-no-resources"),
            notes: if shown < total {
                vec![Message::new("list-page").with("shown", shown).with("total", total)]
            } else {
                Vec::new()
            },
        })
    }

    /// The resources that a word names (ARN, id or name), each as its item and its versions.
    pub fn resource(&self, word: &str) -> Result<Value> {
        let store = self.existing_store()?;
        let keys = store.item_by_name(word).map_err(in_store)?;
        if keys.is_empty() {
            return Err(UserError::said("error-no-resource").arg("word", word).help("advice-resources-list"));
        }
        let found = keys.iter().map(|key| {
            let item = store.item(key).map_err(in_store)?;
            let versions = store.versions(key).map_err(in_store)?;
            Ok(json!({"configurationItem": item, "deleted": item.is_none(), "key": key, "versions": versions}))
        });
        Ok(Value::Array(found.collect::<Result<_>>()?))
    }
}
