//! Route 53 Resolver query logs: one JSON object a query, in S3, CloudWatch Logs and Firehose.

use haechi_model::Log;
use haechi_model::event::Fields;
use haechi_model::event::{Json, Record, Slot, time};

use crate::out::{Known, Out, Verdict};

pub(crate) const PATHS: [&str; 5] = ["query_timestamp", "query_name", "query_type", "account_id", "region"];
const TIME: Slot = Fields::at(0);
const NAME: Slot = Fields::at(1);
const TYPE: Slot = Fields::at(2);
const ACCOUNT: Slot = Fields::at(3);
const REGION: Slot = Fields::at(4);

/// Says what a record is, and hands it over when it is a query that is new.
pub(crate) fn judge(record: Record<'_>, out: &mut Out<'_>) -> Verdict {
    let text = |slot| record.get(slot).and_then(Json::text);
    if record.get(NAME).is_none() {
        return Verdict::Strange("no query of Route 53 Resolver");
    }
    let (Some(at), Some(_)) = (text(TIME), text(NAME)) else {
        return Verdict::Wrong("a query has `query_timestamp` and `query_name` as texts");
    };
    let Some(time) = time(&at) else { return Verdict::Wrong("its `query_timestamp` is not a date and time in UTC") };
    let (kind, account, region) = (text(TYPE), text(ACCOUNT), text(REGION));
    let known = Known {
        id: None,
        time,
        source: "route53resolver.amazonaws.com",
        name: kind.as_deref().unwrap_or("-"),
        account: account.as_deref(),
        region: region.as_deref(),
    };
    out.hand(Log::ResolverQuery, record, known)
}
