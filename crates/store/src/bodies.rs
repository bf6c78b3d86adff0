//! An item's body: its JSON without the members that say when and how it was seen, which stand with the version.

use haechi_model::{ConfigurationItem, ContentHash, ItemStatus, Timestamp};
use serde_json::{Map, Value};

use crate::contents;
use crate::fault::{Fault, from_json, to_json};
use crate::open::Store;

const STATUSES: [ItemStatus; 5] = [
    ItemStatus::Ok,
    ItemStatus::ResourceDiscovered,
    ItemStatus::ResourceNotRecorded,
    ItemStatus::ResourceDeleted,
    ItemStatus::ResourceDeletedNotRecorded,
];
/// From this number on a status means that the resource is gone.
pub(crate) const GONE: i64 = 3;

pub(crate) fn status_number(status: ItemStatus) -> i64 {
    STATUSES.iter().position(|known| *known == status).unwrap_or_default() as i64
}

pub(crate) fn status(number: i64) -> Result<ItemStatus, Fault> {
    let status = usize::try_from(number).ok().and_then(|number| STATUSES.get(number));
    status.copied().ok_or_else(|| Fault::Damaged(format!("there is no item status {number}")))
}

/// The JSON that is stored by content hash.
pub(crate) fn content(item: &ConfigurationItem) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::with_capacity(1024);
    for (name, node) in item.root().members().filter(|(name, _)| !ConfigurationItem::SEEN.contains(name)) {
        body.push(if body.is_empty() { b'{' } else { b',' });
        body.extend(to_json(&name)?.into_bytes());
        body.push(b':');
        body.extend(to_json(&node)?.into_bytes());
    }
    body.push(b'}');
    Ok(body)
}

fn plain_seen(captured: Timestamp, status: ItemStatus) -> Map<String, Value> {
    let mut seen = Map::new();
    seen.insert("configurationItemCaptureTime".into(), captured.to_string().into());
    seen.insert("configurationItemStatus".into(), status.as_str().into());
    seen
}

/// The members about the seeing of a version that has no more of them than its columns say.
pub(crate) fn plain_seen_json(captured: i64, number: i64) -> Result<String, Fault> {
    to_json(&plain_seen(Timestamp::from_micros(captured), status(number)?))
}

/// The members about the seeing, when the capture time and the status do not say it all.
pub(crate) fn seen(item: &ConfigurationItem) -> Result<Option<String>, Fault> {
    let members = item.root().members().filter(|(name, _)| ConfigurationItem::SEEN.contains(name));
    let seen: Map<_, _> = members.map(|(name, node)| (name.to_owned(), node.to_value())).collect();
    if seen == plain_seen(item.captured(), item.status()) { Ok(None) } else { to_json(&seen).map(Some) }
}

/// Puts an item together again, and checks it against its hash.
pub(crate) fn item(
    store: &Store,
    content: i64,
    hash: ContentHash,
    captured: i64,
    number: i64,
    seen: Option<&str>,
) -> Result<ConfigurationItem, Fault> {
    let body = contents::read(&store.connection, &store.decoder, content)?;
    let item = join(&body, captured, number, seen)?;
    if item.content_hash() != hash {
        return Err(Fault::Damaged(format!("body {content} is not what its hash says")));
    }
    Ok(item)
}

/// Puts an item together without the hash: the frame's own checksum has been checked.
pub(crate) fn join(body: &[u8], captured: i64, number: i64, seen: Option<&str>) -> Result<ConfigurationItem, Fault> {
    let front = match seen {
        Some(text) => from_json::<Map<String, Value>>(text, "how an item was seen")?,
        None => plain_seen(Timestamp::from_micros(captured), status(number)?),
    };
    let mut text = to_json(&front)?.into_bytes();
    text.pop();
    if !front.is_empty() {
        text.push(b',');
    }
    text.extend(body.get(1..).unwrap_or_default());
    ConfigurationItem::parse(&text).map_err(|error| Fault::Damaged(format!("an item cannot be read: {error}")))
}
