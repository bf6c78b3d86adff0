//! What must hold for a detection file beyond its shape: names, languages, one logic, examples, placeholders.

use std::collections::BTreeSet;

use haechi_model::ThreatOrigin;

use crate::check::placeholders;
use crate::detection::{DetectionFile, ExampleEvent};
use crate::header::Header;
use crate::source::Diagnostic;
use crate::text::{Language, Text};

/// Arguments that every sentence may use.
pub const ARGUMENTS: [&str; 11] =
    ["principal", "address", "api", "service", "account", "region", "entity", "count", "target", "user_agent", "error"];

pub(crate) struct DetectionCheck<'a> {
    pub file: &'a DetectionFile,
    pub header: Header<'a>,
}

impl DetectionCheck<'_> {
    /// Everything that is wrong, not only the first.
    pub fn run(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        self.names(&mut found);
        self.texts(&mut found);
        self.logic(&mut found);
        self.placeholders(&mut found);
        self.severities(&mut found);
        self.examples(&mut found);
        found
    }

    fn at(&self, path: &[&str], message: impl Into<String>) -> Diagnostic {
        self.header.at(path, message)
    }

    fn names(&self, found: &mut Vec<Diagnostic>) {
        let file = self.file;
        self.header.schema(file.schema, found);
        self.header.file("detection", &file.id, &file_name(&file.id), found);
        let parts = file.id.split_once(':').and_then(|(purpose, rest)| Some((purpose, rest.split_once('/')?)));
        if parts.is_none_or(|(purpose, (service, name))| [purpose, service, name].iter().any(|part| part.is_empty())) {
            found.push(self.at(&["id"], "an id is written as GuardDuty's: `Purpose:Resource/Name`"));
        }
        if file.origin == ThreatOrigin::Sigma {
            found.push(self.at(&["origin"], "`guardduty` or `haechi`; Sigma rules are files of their own"));
        }
        if file.logs.is_empty() {
            found.push(self.at(&["logs"], "a detection reads at least one log"));
        }
        for (index, technique) in file.attack.iter().enumerate() {
            let digits = |text: &str, count| text.len() == count && text.bytes().all(|digit| digit.is_ascii_digit());
            let number = technique.strip_prefix('T').unwrap_or_default();
            let (number, sub) = number.split_once('.').map_or((number, None), |(number, sub)| (number, Some(sub)));
            if !digits(number, 4) || sub.is_some_and(|sub| !digits(sub, 3)) {
                found.push(self.at(&["attack", &index.to_string()], "a technique is written T1562 or T1562.008"));
            }
        }
        self.header.references(&file.references, found);
    }

    fn texts(&self, found: &mut Vec<Diagnostic>) {
        let mut check = |path: &[&str], text: &Text| self.header.text(path, text, found);
        check(&["title"], &self.file.title);
        check(&["why"], &self.file.why);
        check(&["says"], &self.file.says);
        check(&["response", "text"], &self.file.response.text);
    }

    fn logic(&self, found: &mut Vec<Diagnostic>) {
        let file = self.file;
        let kinds = [
            ("count", file.count.is_some()),
            ("sequence", file.sequence.is_some()),
            ("baseline", file.baseline.is_some()),
            ("volume", file.volume.is_some()),
            ("engine", file.engine.is_some()),
            ("threats", file.threats.is_some()),
        ];
        let mut named = kinds.iter().filter(|(_, is)| *is).map(|(name, _)| *name);
        if let (Some(first), Some(second)) = (named.next(), named.next()) {
            found.push(self.at(&[second], format!("`{first}` is its logic already: one of them")));
        }
        if file.matches.is_none() && file.engine.is_none() && file.threats.is_none() {
            found.push(self.header.source.whole("it has no `match`: which events is it about?"));
        }
    }

    /// The placeholders of the sentence are known, and what `args` names is used.
    fn placeholders(&self, found: &mut Vec<Diagnostic>) {
        let own: BTreeSet<&str> = self.file.args.keys().map(String::as_str).collect();
        for language in Language::ALL {
            let text = self.file.says.own(language);
            if text.is_empty() {
                continue;
            }
            let path = ["says", language.as_str()];
            let used = match placeholders(text) {
                Ok(used) => used,
                Err(message) => {
                    found.push(self.at(&path, message));
                    continue;
                }
            };
            for name in used.iter().filter(|name| !own.contains(*name) && !ARGUMENTS.contains(name)) {
                let error = self.at(&path, format!("`{{ ${name} }}` is no argument, here or under `args`"));
                found.push(error.suggest(name, own.iter().copied().chain(ARGUMENTS)));
            }
            for name in own.difference(&used) {
                found.push(self.at(&path, format!("the argument `{name}` is not used here")));
            }
        }
    }

    /// A condition of a severity names what the English sentence says.
    fn severities(&self, found: &mut Vec<Diagnostic>) {
        let used = placeholders(&self.file.says.en).unwrap_or_default();
        for (index, when) in self.file.severity_when.iter().enumerate() {
            let index = index.to_string();
            if when.address.is_none() && when.args.is_empty() {
                found.push(self.at(&["severity-when", &index], "it has no condition: `address` or `args`"));
            }
            for name in when.args.keys().filter(|name| !used.contains(name.as_str())) {
                let path = ["severity-when", &index, "args", name];
                let error = self.at(&path, format!("the sentence has no `{{ ${name} }}`"));
                found.push(error.suggest(name, used.iter().copied()));
            }
        }
    }

    fn examples(&self, found: &mut Vec<Diagnostic>) {
        let examples = &self.file.examples;
        if !examples.iter().any(|example| example.expect > 0) {
            found.push(self.at(&["examples"], "there is no example that must fire"));
        }
        if !examples.iter().any(|example| example.expect == 0) {
            found.push(self.at(&["examples"], "there is no example that must not fire"));
        }
        let mut names = BTreeSet::new();
        for (index, example) in examples.iter().enumerate() {
            let index = index.to_string();
            if !names.insert(example.name.as_str()) {
                found.push(self.at(&["examples", &index, "name"], "two examples have this name"));
            }
            for (at, event) in example.events.iter().enumerate() {
                // What is no repetition is read as a record: a slip must not turn one into the other.
                if let ExampleEvent::Record(record) = event
                    && record.contains_key("repeat")
                {
                    let path = ["examples", &index, "events", &at.to_string()];
                    found.push(self.at(&path, "a repetition has `repeat`, `every`, `event` and perhaps `from`"));
                }
            }
        }
    }
}

/// `Backdoor:EC2/C&CActivity.B!DNS` as `backdoor-ec2-c-cactivity-b-dns`.
pub fn file_name(id: &str) -> String {
    let words: Vec<_> =
        id.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_their_ids() {
        for (id, name) in [
            ("Backdoor:EC2/C&CActivity.B!DNS", "backdoor-ec2-c-cactivity-b-dns"),
            ("Stealth:IAMUser/CloudTrailLoggingDisabled", "stealth-iamuser-cloudtrailloggingdisabled"),
        ] {
            assert_eq!(file_name(id), name);
        }
    }
}
