//! Request bodies of the query and ec2 protocols: `Action=...&Filter.1.Name=...`.

use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value};

use super::rest::UNRESERVED;
use super::{MAX_DEPTH, scalar};
use crate::shapes::{Kind, Member, Protocol, Service, TimestampFormat};

/// The form of an operation's input.
pub(super) fn body(
    service: &Service,
    operation: &str,
    members: &[(String, Member)],
    input: &Map<String, Value>,
) -> Result<String, String> {
    let mut form = Form { service, text: format!("Action={operation}&Version={}", service.api_version) };
    form.structure("", members, input, 0)?;
    Ok(form.text)
}

struct Form<'a> {
    service: &'a Service,
    text: String,
}

impl Form<'_> {
    fn push(&mut self, name: &str, value: &str) {
        self.text.push('&');
        self.text.extend(utf8_percent_encode(name, UNRESERVED));
        self.text.push('=');
        self.text.extend(utf8_percent_encode(value, UNRESERVED));
    }

    fn structure(
        &mut self,
        prefix: &str,
        members: &[(String, Member)],
        input: &Map<String, Value>,
        depth: usize,
    ) -> Result<(), String> {
        for (name, value) in input {
            let Some((_, member)) = members.iter().find(|(member, _)| member == name) else {
                return Err(format!("no input member `{prefix}{name}`"));
            };
            if value.is_null() {
                continue;
            }
            let wire = self.wire_name(name, member);
            self.value(&format!("{prefix}{wire}"), member, value, depth + 1)?;
        }
        Ok(())
    }

    fn wire_name(&self, name: &str, member: &Member) -> String {
        if self.service.protocol == Protocol::Query {
            // A flattened list is named after its items.
            if let Kind::List { member: item, flattened } = self.service.kind(&member.shape)
                && (flattened || member.flattened)
                && let Some(item) = &item.location_name
            {
                return item.clone();
            }
            return member.location_name.clone().unwrap_or_else(|| name.into());
        }
        if let Some(name) = &member.query_name {
            return name.clone();
        }
        let name = member.location_name.as_deref().unwrap_or(name);
        let mut letters = name.chars();
        letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    }

    fn value(&mut self, name: &str, member: &Member, value: &Value, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("`{name}` is nested too deeply"));
        }
        let wrong = |want: &str| format!("`{name}` must be {want}");
        match self.service.kind(&member.shape) {
            Kind::Structure { members, .. } => {
                let value = value.as_object().ok_or_else(|| wrong("an object"))?;
                self.structure(&format!("{name}."), members, value, depth)
            }
            Kind::List { member: item, flattened } => {
                let list = value.as_array().ok_or_else(|| wrong("a list"))?;
                let plain = self.service.protocol == Protocol::Ec2 || flattened || member.flattened;
                let prefix = if plain {
                    name.to_owned()
                } else {
                    format!("{name}.{}", item.location_name.as_deref().unwrap_or("member"))
                };
                if list.is_empty() && self.service.protocol == Protocol::Query {
                    self.push(name, "");
                }
                for (index, value) in list.iter().enumerate() {
                    self.value(&format!("{prefix}.{}", index + 1), item, value, depth + 1)?;
                }
                Ok(())
            }
            Kind::Map { key, value: of, flattened } => {
                let map = value.as_object().ok_or_else(|| wrong("an object"))?;
                let prefix = if flattened || member.flattened { name.to_owned() } else { format!("{name}.entry") };
                let key_name = key.location_name.as_deref().unwrap_or("key");
                let value_name = of.location_name.as_deref().unwrap_or("value");
                for (index, (entry, value)) in map.iter().enumerate() {
                    let at = format!("{prefix}.{}", index + 1);
                    self.push(&format!("{at}.{key_name}"), entry);
                    self.value(&format!("{at}.{value_name}"), of, value, depth + 1)?;
                }
                Ok(())
            }
            kind => {
                let text = scalar::text(kind, member, TimestampFormat::Iso8601, value)
                    .map_err(|error| format!("`{name}`: {error}"))?;
                self.push(name, &text);
                Ok(())
            }
        }
    }
}
