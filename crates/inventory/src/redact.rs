//! Replaces secrets in items: environment variables, user data and what else a collector names.

use haechi_model::{AccountId, ConfigurationItem, Coverage, Kind, Node, Region, Timestamp};
use serde_json::Value;

use crate::collector::path::{ANY_WAY, Path};
use crate::collector::{Collector, Collectors};
use crate::engine::{Sink, SinkError};

/// What stands in the place of a secret.
pub const REDACTED: &str = "REDACTED";

/// Replaces every text below the collector's secret paths; names stay.
pub(crate) fn redact(collector: &Collector, item: &mut Value) {
    for path in collector.redact() {
        path.each_mut(item, &mut replace);
    }
}

fn replace(value: &mut Value) {
    match value {
        Value::String(text) => *text = REDACTED.to_owned(),
        Value::Array(list) => list.iter_mut().for_each(replace),
        Value::Object(map) => map.values_mut().for_each(replace),
        _ => {}
    }
}

/// A sink that redacts what passes through it: for items that Haechi did not collect itself.
pub struct Redacting<'s> {
    collectors: &'s Collectors,
    inner: &'s mut dyn Sink,
}

impl<'s> Redacting<'s> {
    pub fn new(collectors: &'s Collectors, inner: &'s mut dyn Sink) -> Self {
        Self { collectors, inner }
    }

    /// The sink behind it, which keeps everything as it is.
    pub fn inner(&mut self) -> &mut dyn Sink {
        self.inner
    }

    fn redacted(&self, item: ConfigurationItem) -> Result<ConfigurationItem, SinkError> {
        let Some(collector) = self.collectors.get(&item.key().resource_type) else { return Ok(item) };
        // Few items have a secret: only those are written anew.
        if !collector.redact().any(|path| holds(item.root(), path)) {
            return Ok(item);
        }
        let mut value = item.to_value();
        redact(collector, &mut value);
        Ok(ConfigurationItem::from_value(&value)?)
    }
}

impl Sink for Redacting<'_> {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        let batch = batch.into_iter().map(|item| self.redacted(item)).collect::<Result<_, _>>()?;
        self.inner.items(batch)
    }

    fn taken(&mut self, account: AccountId, region: &Region, at: Timestamp) {
        self.inner.taken(account, region, at);
    }

    fn past(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        let batch = batch.into_iter().map(|item| self.redacted(item)).collect::<Result<_, _>>()?;
        self.inner.past(batch)
    }

    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        self.inner.coverage(line)
    }
}

/// Whether anything stands at a path, through lists.
fn holds(node: Node<'_>, path: &Path) -> bool {
    fn below(node: Node<'_>, steps: &[&str]) -> bool {
        if node.kind() == Kind::Array {
            return node.elements().any(|element| below(element, steps));
        }
        match steps.split_first() {
            None => !node.is_null(),
            Some((&ANY_WAY, rest)) => below(node, rest) || node.members().any(|(_, next)| below(next, steps)),
            Some((step, rest)) => node.get(step).is_some_and(|next| below(next, rest)),
        }
    }
    below(node, &path.steps().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Default)]
    struct Kept(Vec<Value>);

    impl Sink for Kept {
        fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
            self.0.extend(batch.iter().map(ConfigurationItem::to_value));
            Ok(())
        }
        fn coverage(&mut self, _: Coverage) -> Result<(), SinkError> {
            Ok(())
        }
    }

    #[track_caller]
    fn check(kind: &str, configuration: Value, want: Value) {
        let item = json!({"accountId": "123456789012", "awsRegion": "us-east-1", "resourceType": kind, "resourceId": "x",
            "configurationItemCaptureTime": "2026-01-01T00:00:00Z", "configuration": configuration});
        let collectors = Collectors::embedded().unwrap();
        let mut kept = Kept::default();
        let batch = vec![ConfigurationItem::from_value(&item).unwrap()];
        Redacting::new(&collectors, &mut kept).items(batch).unwrap();
        assert_eq!(kept.0[0]["configuration"], want);
    }

    #[test]
    fn secrets_go_and_names_stay() {
        check(
            "AWS::Lambda::Function",
            json!({"environment": {"variables": {"PASSWORD": "hunter2", "N": null}}, "role": "r"}),
            json!({"environment": {"variables": {"PASSWORD": "REDACTED", "N": null}}, "role": "r"}),
        );
        check("AWS::EC2::Instance", json!({"userData": "c2VjcmV0"}), json!({"userData": "REDACTED"}));
        check("AWS::S3::Bucket", json!({"name": "b"}), json!({"name": "b"}));
        check(
            "AWS::WAFv2::RuleGroup",
            json!({"rules": [{"statement": {"notStatement": {"statement": {"byteMatchStatement": {"searchString": "s"}}}}}]}),
            json!({"rules": [{"statement": {"notStatement": {"statement": {"byteMatchStatement": {"searchString": "REDACTED"}}}}}]}),
        );
    }
}
