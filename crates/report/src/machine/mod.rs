//! What machines read: JSON, JSON lines, CSV and OCSF. Never translated: a sentence for people
//! comes with its message id and arguments and in all three languages.

pub(crate) mod csv;
pub(crate) mod json;
pub(crate) mod ocsf;

use std::io::{self, Write};

use haechi_content::{Language, Text};
use haechi_i18n::Catalog;
use haechi_model::{Finding, Message};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::input::Report;
use crate::words::Words;

/// A report in every language at once.
pub(crate) struct Tongues<'r> {
    all: [Words<'r>; 3],
}

impl<'r> Tongues<'r> {
    pub fn new(report: &'r Report) -> Self {
        Self { all: Language::ALL.map(|language| Words::new(report, language)) }
    }

    pub fn english(&self) -> &Words<'r> {
        &self.all[0]
    }

    /// `{"en": ..., "ko": ..., "ja": ...}`
    fn each(&self, word: impl Fn(&Words<'r>) -> String) -> Value {
        Value::Object(
            self.all.iter().map(|words| (words.language().as_str().to_owned(), Value::String(word(words)))).collect(),
        )
    }

    pub fn title(&self, rule: &'r str) -> Value {
        self.each(|words| words.title(rule).to_owned())
    }

    pub fn sentence(&self, finding: &Finding) -> Value {
        self.each(|words| words.sentence(finding))
    }

    /// A message with its id, its arguments and its wording.
    pub fn message(&self, message: &Message) -> Value {
        worded(message, self.each(|words| words.message(message)))
    }

    pub fn in_order(&self) -> &[Words<'r>; 3] {
        &self.all
    }
}

/// The same for a message outside of a report.
pub(crate) fn message_in(catalogs: &[Catalog; 3], message: &Message) -> Value {
    let text: Map<_, _> = catalogs
        .iter()
        .map(|catalog| (catalog.language().as_str().to_owned(), Value::String(catalog.message(message))))
        .collect();
    worded(message, Value::Object(text))
}

fn worded(message: &Message, text: Value) -> Value {
    json!({"id": message.id, "args": message.args, "text": text})
}

/// A text of a content file: always three members, the English one where a translation is missing.
pub(crate) fn text_value(text: &Text) -> Value {
    let in_language = |language: Language| (language.as_str().to_owned(), Value::from(text.get(language)));
    Value::Object(Language::ALL.into_iter().map(in_language).collect())
}

/// One value on one line.
pub(crate) fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
