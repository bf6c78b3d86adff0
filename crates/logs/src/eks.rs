//! EKS audit logs: events of `audit.k8s.io`, one for each request to the Kubernetes API that was answered.
//!
//! An event does not say which cluster it is of: the log group does, or the path, and it is handed on as the field
//! `cluster`, unless the event has one.

use std::borrow::Cow;
use std::path::Path;

use haechi_model::event::{Fields, Found, Json, Record, Slot, time};
use haechi_model::{AccountId, Log};

use crate::out::{Known, Out, Verdict, Whence};

pub(crate) const PATHS: [&str; 7] =
    ["auditID", "stage", "verb", "requestReceivedTimestamp", "stageTimestamp", "user.extra.arn", "cluster"];
const ID: Slot = Fields::at(0);
const STAGE: Slot = Fields::at(1);
const VERB: Slot = Fields::at(2);
const RECEIVED: Slot = Fields::at(3);
const STAGED: Slot = Fields::at(4);
const CALLER: Slot = Fields::at(5);
const CLUSTER: Slot = Fields::at(6);

/// Says what a record is, and hands it over when it is an event that is new.
pub(crate) fn judge(record: Record<'_>, out: &mut Out<'_>) -> Verdict {
    let text = |slot| record.get(slot).and_then(Json::text);
    let (Some(id), Some(stage), Some(verb)) = (text(ID), text(STAGE), text(VERB)) else {
        return Verdict::Strange("no event of a Kubernetes audit log: it has `auditID`, `stage` and `verb`");
    };
    match &*stage {
        "ResponseComplete" | "Panic" => {}
        // The same request again, before it was answered.
        "RequestReceived" | "ResponseStarted" => return Verdict::Other,
        _ => return Verdict::Wrong("its `stage` is none of Kubernetes'"),
    }
    let Some(time) = text(RECEIVED).or_else(|| text(STAGED)).and_then(|text| time(&text)) else {
        return Verdict::Wrong("its `requestReceivedTimestamp` is not a date and time in UTC");
    };
    let caller = caller_account(record);
    let id = format!("{id}/{stage}");
    let known = Known {
        id: Some(&id),
        time,
        source: "eks.amazonaws.com",
        name: &verb,
        account: if out.whence.account.is_none() { caller.as_deref() } else { None },
        region: None,
    };
    let cluster = cluster(&out.whence, out.path).filter(|_| record.get(CLUSTER).is_none());
    let Some(cluster) = cluster else { return out.hand(Log::EksAudit, record, known) };
    let mut values = String::with_capacity(record.text().len() + cluster.len() + 2);
    values.push_str(record.text());
    let start = values.len();
    values.push_str(&serde_json::Value::from(&*cluster).to_string());
    let mut slots = record.slots().to_vec();
    slots[CLUSTER.index()] = Found::span(start as u32, values.len() as u32);
    out.hand(Log::EksAudit, record.with_values(&values, &slots), known)
}

/// The account of the IAM principal that called, where nothing else tells whose cluster it is.
fn caller_account(record: Record<'_>) -> Option<String> {
    let mut found = None;
    record.each(CALLER, &mut |value| {
        if found.is_none() {
            let arn = value.text().unwrap_or_default();
            let account = arn.split(':').nth(4).filter(|account| AccountId::parse(account).is_ok());
            found = account.map(str::to_owned);
        }
    });
    found
}

/// `/aws/eks/my-cluster/cluster`, as a log group or in a path.
fn cluster<'w>(whence: &'w Whence, path: &'w Path) -> Option<Cow<'w, str>> {
    if let Some(rest) = whence.group.as_deref().and_then(|group| group.strip_prefix("/aws/eks/")) {
        return rest.split('/').next().filter(|name| !name.is_empty()).map(Cow::Borrowed);
    }
    let words: Vec<Cow<'w, str>> = path.iter().map(|word| word.to_string_lossy()).collect();
    let at = words.windows(3).position(|three| three[0] == "eks" && three[2] == "cluster")?;
    words.into_iter().nth(at + 1)
}

/// The control plane's other logs lie in the same group: the authenticator's, the scheduler's, the API server's own.
pub(crate) fn is_other_stream(whence: &Whence) -> bool {
    let starts = |text: &Option<Box<str>>, with| text.as_deref().is_some_and(|text: &str| text.starts_with(with));
    starts(&whence.group, "/aws/eks/") && whence.stream.is_some() && !starts(&whence.stream, "kube-apiserver-audit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_paths_name_clusters() {
        for (group, path, name) in [
            (Some("/aws/eks/prod/cluster"), "x.gz", Some("prod")),
            (Some("/my/own"), "x.gz", None),
            (None, "exports/aws/eks/prod/cluster/000000.gz", Some("prod")),
            (None, "eks/prod/000000.gz", None),
        ] {
            let whence = Whence { group: group.map(Into::into), ..Whence::default() };
            assert_eq!(cluster(&whence, Path::new(path)).as_deref(), name, "{group:?} {path}");
        }
    }
}
