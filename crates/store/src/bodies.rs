//! An item's body: its JSON without the members that say when and how it was seen, which stand with the version.

use haechi_model::{ConfigurationItem, ContentHash, ItemStatus, Timestamp};
use serde_json::{Map, Value};

use crate::contents;
use crate::fault::{Fault, to_json};
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

/// Letters for what AWS Config's own items say on top of the columns, and what follows from these.
const MILLISECONDS: char = 'Z';
const STATE: char = 'S';
const NO_HASH: char = 'M';

const CAPTURED: &str = "configurationItemCaptureTime";
const STATE_ID: &str = "configurationStateId";
const MD5: &str = "configurationItemMD5Hash";

/// The capture time as AWS Config writes it: with milliseconds.
fn with_milliseconds(captured: Timestamp) -> Option<String> {
    let micros = captured.as_micros();
    let whole = Timestamp::from_micros(micros - micros.rem_euclid(1_000_000)).to_string();
    let milliseconds = micros.rem_euclid(1_000_000) / 1000;
    Some(format!("{}.{milliseconds:03}Z", whole.strip_suffix('Z')?))
}

/// AWS Config numbers a state by its capture time.
fn state_id(captured: Timestamp) -> Value {
    captured.as_micros().div_euclid(1000).to_string().into()
}

/// What a code of letters, or members as JSON, say about the seeing.
pub(crate) fn seen_json(seen: Option<&str>, captured: i64, number: i64) -> Result<String, Fault> {
    match seen {
        Some(members) if members.starts_with('{') => Ok(members.to_owned()),
        seen => to_json(&decoded(seen.unwrap_or_default(), Timestamp::from_micros(captured), status(number)?)),
    }
}

fn decoded(code: &str, captured: Timestamp, status: ItemStatus) -> Map<String, Value> {
    let mut members = plain_seen(captured, status);
    for letter in code.chars() {
        match letter {
            MILLISECONDS => {
                members.insert(CAPTURED.into(), with_milliseconds(captured).into());
            }
            STATE => {
                members.insert(STATE_ID.into(), state_id(captured));
            }
            NO_HASH => {
                members.insert(MD5.into(), "".into());
            }
            _ => {}
        }
    }
    members
}

/// The members about the seeing, when the capture time and the status do not say it all: as a code where it can.
pub(crate) fn seen(item: &ConfigurationItem) -> Result<Option<String>, Fault> {
    let members = item.root().members().filter(|(name, _)| ConfigurationItem::SEEN.contains(name));
    let seen: Map<_, _> = members.map(|(name, node)| (name.to_owned(), node.to_value())).collect();
    let (captured, status) = (item.captured(), item.status());
    let mut code = String::new();
    if seen.get(CAPTURED).and_then(Value::as_str) == with_milliseconds(captured).as_deref() {
        code.push(MILLISECONDS);
    }
    if seen.get(STATE_ID) == Some(&state_id(captured)) {
        code.push(STATE);
    }
    if seen.get(MD5).and_then(Value::as_str) == Some("") {
        code.push(NO_HASH);
    }
    if decoded(&code, captured, status) != seen {
        return to_json(&seen).map(Some);
    }
    Ok(Some(code).filter(|code| !code.is_empty()))
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
    let mut text = seen_json(seen, captured, number)?.into_bytes();
    text.pop();
    if text.len() > 1 {
        text.push(b',');
    }
    text.extend(body.get(1..).unwrap_or_default());
    ConfigurationItem::parse(&text).map_err(|error| Fault::Damaged(format!("an item cannot be read: {error}")))
}
