//! AWS WAF logs: one web request a record, with what the web ACL did about it.

use haechi_model::event::{Fields, Json, Record, Slot, time};
use haechi_model::{AccountId, Log, Timestamp};

use crate::out::{Known, Out, Verdict};

pub(crate) const PATHS: [&str; 4] = ["timestamp", "webaclId", "action", "httpRequest.requestId"];
const TIME: Slot = Fields::at(0);
const ACL: Slot = Fields::at(1);
const ACTION: Slot = Fields::at(2);
const REQUEST: Slot = Fields::at(3);

/// Says what a record is, and hands it over when it is an event that is new.
pub(crate) fn judge(record: Record<'_>, out: &mut Out<'_>) -> Verdict {
    let text = |slot| record.get(slot).and_then(Json::text);
    let (Some(acl), Some(action)) = (text(ACL), text(ACTION)) else {
        return Verdict::Strange("no record of a WAF log: it has `webaclId`, `action` and `timestamp`");
    };
    let Some(time) = record.get(TIME).and_then(moment) else {
        return Verdict::Wrong("its `timestamp` is not in milliseconds since 1970");
    };
    let (account, region) = owner(&acl);
    // The id of a request is the client's to choose behind a proxy: with the record's hash it cannot hide another.
    let id = text(REQUEST).map(|id| format!("{id}-{}", crate::out::id_of(record.text())));
    let known = Known { id: id.as_deref(), time, source: "wafv2.amazonaws.com", name: &action, account, region };
    out.hand(Log::Waf, record, known)
}

/// Milliseconds, also as a text; or a date and time.
fn moment(value: Json<'_>) -> Option<Timestamp> {
    let text = value.text().unwrap_or_else(|| value.as_json().into());
    if let Some(time) = time(&text) {
        return Some(time);
    }
    let millis: i64 = text.parse().ok()?;
    // Between 2001 and 2128: seconds and microseconds are neither.
    (1_000_000_000_000..5_000_000_000_000).contains(&millis).then(|| Timestamp::from_micros(millis * 1_000))
}

/// Of `arn:aws:wafv2:us-east-1:111122223333:regional/webacl/name/id`.
fn owner(acl: &str) -> (Option<&str>, Option<&str>) {
    let mut words = acl.splitn(6, ':');
    let (region, account) = (words.nth(3), words.next());
    let account = account.filter(|account| AccountId::parse(account).is_ok());
    (account, region.filter(|region| !region.is_empty() && account.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_acls_name_account_and_region() {
        for (acl, account, region) in [
            ("arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/b", Some("111122223333"), Some("us-east-1")),
            ("arn:aws:wafv2:us-east-1:x:regional/webacl/a/b", None, None),
            ("385cb038-3a6f-4f2f-ac64-09ab912af590", None, None),
        ] {
            assert_eq!(owner(acl), (account, region), "{acl}");
        }
    }

    #[test]
    fn moments_are_in_milliseconds() {
        for (text, seconds) in [
            ("1576280412771", Some(1_576_280_412)),
            ("\"1576280412771\"", Some(1_576_280_412)),
            ("\"2019-12-13T23:40:12Z\"", Some(1_576_280_412)),
            ("1576280412", None),
            ("1e400", None),
            ("null", None),
            ("99999999999999999999", None),
        ] {
            let read = Json::parse(text).and_then(moment).map(|time| time.as_micros() / 1_000_000);
            assert_eq!(read, seconds, "{text}");
        }
    }
}
