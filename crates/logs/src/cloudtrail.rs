//! What a record of CloudTrail is: an event, one with an event inside, or something else that AWS writes.

use haechi_model::Log;
use haechi_model::event::{Json, Record, core, time};

use crate::out::{Known, Out, Verdict};
use crate::summary::FileKind;

/// Says what a record is, and hands it over when it is an event that is new.
pub(crate) fn judge(record: Record<'_>, out: &mut Out<'_>) -> Verdict {
    let text = |slot| record.get(slot).and_then(Json::text);
    let (Some(id), Some(at), Some(source), Some(name)) =
        (text(core::ID), text(core::TIME), text(core::SOURCE), text(core::NAME))
    else {
        return other(record, out);
    };
    let Some(time) = time(&at) else { return Verdict::Wrong("its `eventTime` is not a date and time in UTC") };
    let account = text(core::RECIPIENT).or_else(|| text(core::CALLER));
    let region = text(core::REGION);
    let known = Known {
        id: Some(&id),
        time,
        source: &source,
        name: &name,
        account: account.as_deref(),
        region: region.as_deref(),
    };
    out.hand(Log::CloudTrail, record, known)
}

/// A record without an event's members: one with an event inside, or something else that AWS writes.
fn other(record: Record<'_>, out: &mut Out<'_>) -> Verdict {
    let has = |slot| record.get(slot).is_some();
    let inner = match (record.get(core::INNER).and_then(Json::text), record.get(core::DETAIL)) {
        (Some(inner), _) => Some(inner),
        (None, Some(detail)) if has(core::DETAIL_TYPE) => Some(detail.as_json().into()),
        _ => None,
    };
    if let Some(inner) = inner {
        let mut slots = Vec::new();
        let text = inner.trim();
        let whole = text.starts_with('{') && record.fields().read(text.as_bytes(), 0, &mut slots) == Ok(text.len());
        if !whole {
            return Verdict::Wrong("the event inside it is not JSON");
        }
        let inner = Record::of_json(text, record.fields(), &slots);
        // One step only: an event inside has none in it.
        return if inner.get(core::ID).is_some() { judge(inner, out) } else { Verdict::Kind(FileKind::Rubbish) };
    }
    if has(core::DIGEST) {
        Verdict::Kind(FileKind::Digest)
    } else if has(core::CONFIG) {
        Verdict::Kind(FileKind::Config)
    } else if has(core::OBJECT) {
        Verdict::Wrong("a notice of an S3 object, no event of CloudTrail")
    } else if record.get(core::ID).is_some() || record.get(core::NAME).is_some() {
        Verdict::Wrong("an event has `eventID`, `eventTime`, `eventSource` and `eventName`: one of them is missing")
    } else {
        Verdict::Strange("no event of CloudTrail")
    }
}
