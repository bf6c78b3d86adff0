//! Queries of Route 53 Resolver: names that machines make up, and data that leaves in names.
//!
//! Lists of domains are asked by `match`; what is here needs many queries. They are added up by who asked and what is
//! registered, within an hour and in any order.

mod bigrams;
mod hour;
mod name;
mod shape;

pub(crate) use hour::QueryHour;
pub(crate) use name::Name;

use std::collections::BTreeMap;

use haechi_content::DetectionFile;
use haechi_model::event::{Event, Fields, Slot};
use serde_json::Value;

use crate::intel::Intel;

/// A detection over queries.
#[derive(Debug, Clone)]
pub(crate) struct QueryRule {
    pub(crate) file: DetectionFile,
    pub(crate) finds: Finds,
    /// So many names.
    pub(crate) at_least: u64,
    /// With so many bytes in them.
    pub(crate) bytes: u64,
    /// Domains below which long names are ordinary.
    pub(crate) except: Vec<String>,
}

/// The logic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finds {
    /// Many registered domains that look made up and do not exist.
    Generated,
    /// Many long names below one registered domain.
    Exfiltration,
}

impl QueryRule {
    /// The name of this logic in detection files.
    pub(crate) const ENGINE: &'static str = "dns";

    /// Compiles a detection whose engine is this one.
    pub(crate) fn compile(file: &DetectionFile) -> Result<Self, String> {
        let empty = BTreeMap::new();
        let parameters = file.engine.as_ref().map_or(&empty, |engine| &engine.parameters);
        let known = ["finds", "at-least", "bytes", "except"];
        if let Some(name) = parameters.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(format!("`{name}` is no parameter of `dns`: {}", known.join(", ")));
        }
        let finds = match parameters.get("finds").and_then(Value::as_str) {
            Some("generated-domains") => Finds::Generated,
            Some("exfiltration") => Finds::Exfiltration,
            other => {
                let other = other.unwrap_or_default();
                return Err(format!("`finds: {other}` is neither `generated-domains` nor `exfiltration`"));
            }
        };
        let number = |name: &str, otherwise: u64| match parameters.get(name) {
            None => Ok(otherwise),
            Some(value) => value.as_u64().ok_or_else(|| format!("`{name}` is a whole number")),
        };
        let except = match parameters.get("except") {
            None => Vec::new(),
            Some(list) => {
                let texts =
                    list.as_array().and_then(|list| list.iter().map(|one| Some(one.as_str()?.to_owned())).collect());
                texts.ok_or_else(|| "`except` is a list of domains".to_owned())?
            }
        };
        let (at_least, bytes) = (number("at-least", 10)?, number("bytes", 0)?);
        Ok(Self { finds, at_least, bytes, except, file: file.clone() })
    }

    fn means(&self, name: &Name<'_>) -> bool {
        !self.except.iter().any(|above| name.is_below(above))
    }
}

/// The fields that are read of each query.
pub(crate) const PATHS: [&str; 5] = ["query_name", "rcode", "srcids.instance", "srcaddr", "vpc_id"];

/// Takes queries.
#[derive(Debug, Clone)]
pub(crate) struct QueryScan {
    name: Option<Slot>,
    code: Option<Slot>,
    instance: Option<Slot>,
    address: Option<Slot>,
    vpc: Option<Slot>,
}

impl QueryScan {
    /// The slots of [`PATHS`] in the fields that queries are read with.
    pub(crate) fn new(fields: &Fields) -> Self {
        let [name, code, instance, address, vpc] = PATHS.map(|path| fields.slot(path));
        Self { name, code, instance, address, vpc }
    }

    /// Adds a query to its hour, if it is one that somebody asks about.
    pub(crate) fn take(&self, event: &Event<'_>, rules: &[QueryRule], intel: &Intel, hour: &mut QueryHour) {
        let text = |slot: Option<Slot>| slot.and_then(|slot| event.text(slot));
        let Some(asked) = text(self.name) else { return };
        let Some(name) = Name::of(&asked) else { return };
        let wants = |finds| rules.iter().any(|rule| rule.finds == finds && rule.means(&name));
        let missing = || text(self.code).as_deref() == Some("NXDOMAIN");
        let generated = shape::is_generated(name.label()) && wants(Finds::Generated) && missing();
        let payload = shape::payload(name.below).filter(|_| wants(Finds::Exfiltration));
        if !generated && payload.is_none() {
            return;
        }
        let address = text(self.address).unwrap_or_default();
        if address.parse().is_ok_and(|address| intel.is_trusted(address)) {
            return;
        }
        let who = hour::Who {
            instance: &text(self.instance).unwrap_or_default(),
            vpc: &text(self.vpc).unwrap_or_default(),
            address: &address,
        };
        hour.add(event, &who, &name, generated, payload);
    }
}

#[cfg(test)]
mod tests;
