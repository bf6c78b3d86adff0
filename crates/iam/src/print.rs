//! The canonical print of a policy: compact JSON, elements in AWS's order, a single string where a list
//! has one entry. Parsing it gives the same policy.

use std::fmt::Write;

use crate::policy::{Condition, Effect, Listing, Policy, PrincipalKind, Statement, Version};

impl Policy {
    /// The policy as canonical JSON, on one line.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(self.text().len());
        out.push('{');
        match self.version() {
            Version::Absent => {}
            Version::V2008 => out.push_str("\"Version\":\"2008-10-17\","),
            Version::V2012 => out.push_str("\"Version\":\"2012-10-17\","),
        }
        if let Some(id) = self.id() {
            out.push_str("\"Id\":");
            string(&mut out, id);
            out.push(',');
        }
        out.push_str("\"Statement\":[");
        separated(&mut out, self.statements(), |out, statement| statement.print(out));
        out.push_str("]}");
        out
    }
}

impl Statement<'_> {
    /// The statement as canonical JSON, on one line.
    pub fn to_json(self) -> String {
        let mut out = String::new();
        self.print(&mut out);
        out
    }

    fn print(self, out: &mut String) {
        out.push('{');
        if let Some(sid) = self.sid() {
            out.push_str("\"Sid\":");
            string(out, sid);
            out.push(',');
        }
        out.push_str(match self.effect() {
            Effect::Allow => "\"Effect\":\"Allow\",",
            Effect::Deny => "\"Effect\":\"Deny\",",
        });
        if let Some(listing) = self.principal_listing() {
            out.push_str(form(listing, "\"Principal\":", "\"NotPrincipal\":"));
            self.print_principals(out);
            out.push(',');
        }
        out.push_str(form(self.action_listing(), "\"Action\":", "\"NotAction\":"));
        strings(out, self.actions());
        if let Some(listing) = self.resource_listing() {
            out.push_str(form(listing, ",\"Resource\":", ",\"NotResource\":"));
            strings(out, self.resources());
        }
        if self.conditions().len() > 0 {
            out.push_str(",\"Condition\":{");
            self.print_conditions(out);
            out.push('}');
        }
        out.push('}');
    }

    fn print_principals(self, out: &mut String) {
        if let Some(bare) = self.principals().find(|principal| principal.kind == PrincipalKind::Bare) {
            string(out, bare.value);
            return;
        }
        out.push('{');
        let kinds =
            [PrincipalKind::Aws, PrincipalKind::Service, PrincipalKind::Federated, PrincipalKind::CanonicalUser];
        let present = kinds.into_iter().filter(|&kind| self.principals().any(|principal| principal.kind == kind));
        separated(out, present, |out, kind| {
            string(out, kind.name());
            out.push(':');
            let values: Vec<&str> =
                self.principals().filter(|principal| principal.kind == kind).map(|principal| principal.value).collect();
            strings(out, values.into_iter());
        });
        out.push('}');
    }

    fn print_conditions(self, out: &mut String) {
        // An operator stands once in a statement (the parser sees to it), so its keys are together.
        let conditions: Vec<Condition<'_>> = self.conditions().collect();
        let groups = conditions.chunk_by(|left, right| left.operator() == right.operator());
        separated(out, groups, |out, group| {
            // Writing to a String cannot fail.
            let _ = write!(out, "\"{}\":{{", group[0].operator());
            separated(out, group.iter(), |out, condition| {
                string(out, condition.key());
                out.push(':');
                strings(out, condition.values());
            });
            out.push('}');
        });
    }
}

fn form(listing: Listing, only: &'static str, except: &'static str) -> &'static str {
    match listing {
        Listing::Only => only,
        Listing::Except => except,
    }
}

fn separated<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut print: impl FnMut(&mut String, T)) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        print(out, item);
    }
}

fn strings<'s>(out: &mut String, mut values: impl ExactSizeIterator<Item = &'s str>) {
    if values.len() == 1
        && let Some(value) = values.next()
    {
        string(out, value);
        return;
    }
    out.push('[');
    separated(out, values, string);
    out.push(']');
}

fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = at + 1;
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// JSON text over several lines, for people: white space outside of texts is all that changes.
pub fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_text, mut escaped, mut opened) = (0usize, false, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    for char in json.chars() {
        if in_text {
            out.push(char);
            in_text = escaped || char != '"';
            escaped = !escaped && char == '\\';
            continue;
        }
        if char.is_ascii_whitespace() {
            continue;
        }
        let closes = matches!(char, '}' | ']');
        // What is empty stays on its line.
        if closes {
            depth = depth.saturating_sub(1);
        }
        if opened != closes {
            line(&mut out, depth);
        }
        opened = matches!(char, '{' | '[' | ',');
        out.push(char);
        match char {
            '{' | '[' => depth += 1,
            ':' => out.push(' '),
            '"' => in_text = true,
            _ => {}
        }
    }
    out
}
