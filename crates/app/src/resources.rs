//! What was recorded: lists of resources, one as its configuration item, its history and its relations.

use haechi_model::{AccountId, ConfigurationItem, ItemDiff, ItemStatus, Message, Region, ResourceKey, ResourceType};
use haechi_report::{Cell, Column, Difference, Fit, Table};
use haechi_store::{
    ChangeEvent, Direction, ItemFilter, Presence, Slice, Span, Store, TagFilter, TimelineEntry, Version,
};
use serde_json::{Value, json};

use crate::error::{Result, UserError};
use crate::moment::moment;
use crate::{App, Page, in_store};

/// Which resources are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceQuery {
    pub types: Vec<String>,
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
    /// `KEY` or `KEY=VALUE`; all must be there.
    pub tags: Vec<String>,
    /// Globs over ARN, id or name.
    pub names: Vec<String>,
    pub deleted: Deleted,
    pub as_of: Option<String>,
}

/// Whether resources that are gone are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deleted {
    #[default]
    LeftOut,
    Only,
}

/// One resource: by ARN, id or name, narrowed where several are called so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceWord {
    pub word: String,
    pub types: Vec<String>,
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
}

/// Two versions of a resource, side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub diff: ItemDiff,
    /// For people: the lines of both items.
    pub lines: Difference,
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

fn tag(word: &str) -> TagFilter {
    match word.split_once('=') {
        Some((key, value)) => TagFilter { key: key.to_owned(), value: Some(value.to_owned()) },
        None => TagFilter { key: word.to_owned(), value: None },
    }
}

/// Candidates that an error names.
const NAMED: usize = 10;

impl Page {
    fn slice(self) -> Slice {
        let limit = self.limit as u64;
        Slice { offset: (self.page.max(1) as u64 - 1).saturating_mul(limit), limit: (limit > 0).then_some(limit) }
    }
}

impl App {
    /// One page of the list, made by the store.
    pub fn resources(&self, query: &ResourceQuery, page: Page) -> Result<Table> {
        let filter = ItemFilter {
            accounts: each("account", &query.accounts, AccountId::parse)?,
            regions: each("region", &query.regions, Region::parse)?,
            types: each("type", &query.types, ResourceType::parse)?,
            as_of: query.as_of.as_ref().map(|text| moment("as-of", text, self.now())).transpose()?,
            names: query.names.clone(),
            tags: query.tags.iter().map(|word| tag(word)).collect(),
            presence: match query.deleted {
                Deleted::LeftOut => Presence::There,
                Deleted::Only => Presence::Gone,
            },
            ..ItemFilter::default()
        };
        let store = self.existing_store()?;
        let found = store.resources(&filter, page.slice()).map_err(in_store)?;
        let rows: Vec<_> = found.into_iter().map(list_row).collect();
        let mut notes = Vec::new();
        if page.limit > 0 && (page.page > 1 || rows.len() == page.limit) {
            let total = store.count_resources(&filter).map_err(in_store)?;
            if (rows.len() as u64) < total {
                notes.push(Message::new("list-page").with("shown", rows.len()).with("total", total));
            }
        }
        Ok(Table {
            columns: vec![
                Column::new("resourceType", "column-type", Fit::Whole),
                Column::new("resourceId", "column-resource-id", Fit::Middle),
                Column::new("resourceName", "column-name", Fit::Middle),
                Column::new("accountId", "column-account", Fit::Whole),
                Column::new("awsRegion", "column-region", Fit::Whole),
                Column::new("captured", "column-captured", Fit::Whole),
                Column::new("status", "column-status", Fit::Machine),
                Column::new("arn", "column-resource", Fit::Machine),
                Column::new("tags", "column-value", Fit::Machine),
            ],
            rows,
            empty: Message::new("list-no-resources"),
            notes,
        })
    }

    /// The one resource that a word names, in the store.
    fn named(&self, store: &Store, word: &ResourceWord) -> Result<ResourceKey> {
        let types = each("type", &word.types, ResourceType::parse)?;
        let accounts = each("account", &word.accounts, AccountId::parse)?;
        let regions = each("region", &word.regions, Region::parse)?;
        let mut keys = store.item_by_name(&word.word).map_err(in_store)?;
        keys.retain(|key| {
            (types.is_empty() || types.contains(&key.resource_type))
                && (accounts.is_empty() || accounts.contains(&key.account_id))
                && (regions.is_empty() || regions.contains(&key.region))
        });
        // What is called so today is meant before what was called so and is gone.
        if keys.len() > 1 {
            let mut there = Vec::new();
            for key in &keys {
                if store.item(key).map_err(in_store)?.is_some() {
                    there.push(key.clone());
                }
            }
            if there.len() == 1 {
                keys = there;
            }
        }
        if keys.len() > 1 {
            let error = UserError::said("error-several-resources").arg("word", &word.word).arg("found", keys.len());
            let error = keys.iter().take(NAMED).fold(error, |error, key| {
                error.because(format!("{} {} ({}, {})", key.resource_type, key.resource_id, key.account_id, key.region))
            });
            return Err(error.help("advice-narrow-resource"));
        }
        keys.pop()
            .ok_or_else(|| UserError::said("error-no-resource").arg("word", &word.word).help("advice-resources-list"))
    }

    /// A resource as AWS Config's item, as it is or as it was.
    pub fn resource(&self, word: &ResourceWord, as_of: Option<&str>) -> Result<Value> {
        let at = as_of.map(|text| moment("as-of", text, self.now())).transpose()?;
        let store = self.existing_store()?;
        let key = self.named(&store, word)?;
        let versions = store.versions(&key).map_err(in_store)?;
        let stood = |version: &&Version| at.is_none_or(|at| version.captured <= at);
        let Some(version) = versions.iter().rev().find(stood) else {
            let known = versions.first().map(|version| version.captured.to_string()).unwrap_or_default();
            return Err(UserError::said("error-not-known-then")
                .arg("word", &word.word)
                .arg("since", known)
                .help("advice-timeline")
                .arg("word", &word.word));
        };
        item_of(&store, &key, version)
    }

    /// The versions of a resource with what changed and who changed it, oldest first.
    pub fn timeline(
        &self,
        word: &ResourceWord,
        from: Option<&str>,
        to: Option<&str>,
        page: Page,
    ) -> Result<(Table, Value)> {
        let now = self.now();
        let span = Span {
            from: from.map(|text| moment("from", text, now)).transpose()?,
            to: to.map(|text| moment("to", text, now)).transpose()?,
        };
        let store = self.existing_store()?;
        let key = self.named(&store, word)?;
        let entries = store.timeline(&key, span, page.slice()).map_err(in_store)?;
        let mut full = Vec::new();
        for entry in &entries {
            full.push(json!({
                "configurationItem": item_of(&store, &key, &entry.version)?,
                "configurationItemDiff": entry.configuration_item_diff,
                "relatedEvents": entry.related_events,
                "version": entry.version.number,
                "recorded": entry.version.recorded,
                "confirmed": entry.version.confirmed,
                "run": entry.version.run,
            }));
        }
        let mut notes = Vec::new();
        if page.limit > 0 && entries.len() == page.limit {
            notes.push(Message::new("timeline-page").with("shown", entries.len()));
        }
        let table = Table {
            columns: vec![
                Column::new("version", "column-version", Fit::Number),
                Column::new("captured", "column-captured", Fit::Whole),
                Column::new("recorded", "column-recorded", Fit::Spare),
                Column::new("status", "column-status", Fit::Whole),
                Column::new("changes", "column-changes", Fit::Wrap),
                Column::new("changedBy", "column-changed-by", Fit::Wrap),
            ],
            rows: entries.iter().map(timeline_row).collect(),
            empty: Message::new("list-no-versions"),
            notes,
        };
        Ok((table, Value::Array(full)))
    }

    /// What is different between two versions; without words, between the last two.
    pub fn resource_diff(&self, word: &ResourceWord, from: Option<&str>, to: Option<&str>) -> Result<Comparison> {
        let store = self.existing_store()?;
        let key = self.named(&store, word)?;
        let versions = store.versions(&key).map_err(in_store)?;
        let newest = versions.len();
        let to = match to {
            Some(text) => self.version_number("to", text, &versions)?,
            None => newest,
        };
        let from = match from {
            Some(text) => self.version_number("from", text, &versions)?,
            None => to.saturating_sub(1),
        };
        let body = |number: usize| -> Result<Option<ConfigurationItem>> {
            let Some(version) = number.checked_sub(1).and_then(|at| versions.get(at)) else { return Ok(None) };
            store.version_item(&key, version.captured, version.sequence).map_err(in_store)
        };
        let (before, after) = (body(from)?, body(to)?);
        let value = |item: &Option<ConfigurationItem>| item.as_ref().map(content).unwrap_or(Value::Null);
        let title = |number: usize| match number.checked_sub(1).and_then(|at| versions.get(at)) {
            Some(version) => format!("{} v{} {}", key.resource_id, version.number, version.captured),
            None => format!("{} -", key.resource_id),
        };
        Ok(Comparison {
            diff: ItemDiff::between(before.as_ref(), after.as_ref()),
            lines: Difference { before: value(&before), after: value(&after), titles: [title(from), title(to)] },
        })
    }

    /// A version by its number or by a moment; 0: before the first one.
    fn version_number(&self, flag: &str, text: &str, versions: &[Version]) -> Result<usize> {
        let digits = text.trim().trim_start_matches(['v', 'V']);
        if digits.len() <= 9
            && let Ok(number) = digits.parse::<usize>()
        {
            return if (1..=versions.len()).contains(&number) {
                Ok(number)
            } else {
                Err(UserError::said("error-no-version").arg("number", number).arg("known", versions.len()))
            };
        }
        let at = moment(flag, text, self.now())?;
        Ok(versions.iter().filter(|version| version.captured <= at).count())
    }

    /// What a resource is related to, and what is related to it.
    pub fn related(&self, word: &ResourceWord, as_of: Option<&str>) -> Result<Table> {
        let at = as_of.map(|text| moment("as-of", text, self.now())).transpose()?;
        let store = self.existing_store()?;
        let key = self.named(&store, word)?;
        let rows = store.related(&key, at).map_err(in_store)?.into_iter().map(|related| {
            let direction = match related.direction {
                Direction::Outgoing => "outgoing",
                Direction::Incoming => "incoming",
            };
            let place = |text: Option<String>| text.map_or(Cell::Empty, Cell::Text);
            vec![
                Cell::from(direction),
                Cell::Text(related.relationship_name),
                Cell::Text(related.resource_type),
                place(related.resource_id),
                place(related.resource_name),
                place(related.key.as_ref().map(|key| key.account_id.to_string())),
                place(related.key.as_ref().map(|key| key.region.to_string())),
            ]
        });
        Ok(Table {
            columns: vec![
                Column::new("direction", "column-direction", Fit::Whole),
                Column::new("relationshipName", "column-relationship", Fit::Whole),
                Column::new("resourceType", "column-type", Fit::Whole),
                Column::new("resourceId", "column-resource-id", Fit::Middle),
                Column::new("resourceName", "column-name", Fit::Middle),
                Column::new("accountId", "column-account", Fit::Spare),
                Column::new("awsRegion", "column-region", Fit::Spare),
            ],
            rows: rows.collect(),
            empty: Message::new("list-no-relations"),
            notes: Vec::new(),
        })
    }
}

fn list_row(row: haechi_store::ResourceRow) -> Vec<Cell> {
    vec![
        Cell::Text(row.key.resource_type.to_string()),
        Cell::Text(row.key.resource_id.to_string()),
        row.name.map_or(Cell::Empty, Cell::Text),
        Cell::Text(row.key.account_id.to_string()),
        Cell::Text(row.key.region.to_string()),
        Cell::Time(row.captured),
        Cell::from(row.status.as_str()),
        row.arn.map_or(Cell::Empty, Cell::Text),
        Cell::Json(json!(row.tags)),
    ]
}

/// The item of a version; of a deletion, what AWS Config says of one.
fn item_of(store: &Store, key: &ResourceKey, version: &Version) -> Result<Value> {
    let item = store.version_item(key, version.captured, version.sequence).map_err(in_store)?;
    let Some(item) = item else {
        return Ok(json!({
            "accountId": key.account_id,
            "awsRegion": key.region,
            "resourceType": key.resource_type,
            "resourceId": key.resource_id,
            "configurationItemCaptureTime": version.captured,
            "configurationItemStatus": ItemStatus::ResourceDeleted,
        }));
    };
    let mut value = item.to_value();
    value["configurationItemStatus"] = json!(version.status);
    Ok(value)
}

/// The item without what says when it was seen.
fn content(item: &ConfigurationItem) -> Value {
    let mut value = item.to_value();
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| !ConfigurationItem::SEEN.contains(&name.as_str()));
    }
    value
}

fn timeline_row(entry: &TimelineEntry) -> Vec<Cell> {
    vec![
        Cell::Number(entry.version.number as i64),
        Cell::Time(entry.version.captured),
        Cell::Time(entry.version.recorded),
        Cell::from(entry.version.status.as_str()),
        Cell::Text(in_short(&entry.configuration_item_diff)),
        Cell::Text(who(&entry.related_events)),
    ]
}

/// Changes that a line names.
const CHANGES: usize = 3;

/// `Configuration.State.Name: "running" → "stopped"`, `+` and `-` for what came and went, and how many more.
fn in_short(diff: &ItemDiff) -> String {
    if diff.change_type != haechi_model::ChangeType::Update {
        return diff.change_type.as_str().to_owned();
    }
    let named = diff.changed_properties.iter().take(CHANGES).map(|(name, change)| {
        let plain = |value: &Value| !(value.is_object() || value.is_array());
        match (&change.previous_value, &change.updated_value) {
            (Value::Null, _) => format!("+{name}"),
            (_, Value::Null) => format!("-{name}"),
            (old, new) if plain(old) && plain(new) => {
                format!("{name}: {} → {}", short(&old.to_string()), short(&new.to_string()))
            }
            _ => name.clone(),
        }
    });
    with_rest(named.collect(), diff.changed_properties.len())
}

/// `RunInstances (user/alice)` of the events that may have made a version, the newest first.
fn who(events: &[ChangeEvent]) -> String {
    let mut named: Vec<String> = Vec::new();
    for event in events.iter().rev() {
        let principal = event.principal_arn.as_deref().or(event.principal_type.as_deref()).unwrap_or("?");
        // arn:aws:sts::111122223333:assumed-role/Admin/alice
        let principal = principal.splitn(6, ':').nth(5).unwrap_or(principal);
        let line = format!("{} ({})", event.event_name, short(principal));
        if !named.contains(&line) {
            named.push(line);
        }
    }
    let all = named.len();
    named.truncate(CHANGES);
    with_rest(named, all)
}

fn with_rest(named: Vec<String>, all: usize) -> String {
    let rest = all.saturating_sub(named.len());
    let text = named.join("; ");
    if rest > 0 { format!("{text}; +{rest}") } else { text }
}

fn short(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST - 1).chain(['…']).collect() }
}
