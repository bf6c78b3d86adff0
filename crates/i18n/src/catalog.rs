//! All messages of one language, with English behind it.

use std::collections::BTreeMap;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use haechi_content::Language;
use haechi_model::{Message, Timestamp};
use serde_json::Value;
use unic_langid::{LanguageIdentifier, langid};

use crate::format;
use crate::template::spoken;

/// The messages of one language. Cheap to share between threads; made in under a millisecond.
pub struct Catalog {
    language: Language,
    /// The language itself, then English.
    chain: Vec<FluentBundle<FluentResource>>,
}

impl Catalog {
    pub fn new(language: Language) -> Self {
        let mut chain = vec![bundle(language)];
        if language != Language::En {
            chain.push(bundle(Language::En));
        }
        Self { language, chain }
    }

    pub const fn language(&self) -> Language {
        self.language
    }

    /// Whether any language of the chain knows the id.
    pub fn has(&self, id: &str) -> bool {
        self.chain.iter().any(|bundle| bundle.get_message(id).is_some_and(|message| message.value().is_some()))
    }

    /// A message without arguments.
    pub fn text(&self, id: &str) -> String {
        self.render(id, &FluentArgs::new())
    }

    /// A message with one number, the commonest argument: it picks the plural form too.
    pub fn count(&self, id: &str, count: u64) -> String {
        self.with(id, &[("count", Value::from(count))])
    }

    /// A message with arguments. Lists are joined and numbers grouped as the language does.
    pub fn with(&self, id: &str, args: &[(&str, Value)]) -> String {
        let mut fluent = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            fluent.set((*name).to_owned(), argument(self.language, value));
        }
        self.render(id, &fluent)
    }

    /// A stored message. An id that no locale has comes back as it is, which a scan of the sources forbids.
    pub fn message(&self, message: &Message) -> String {
        let mut fluent = FluentArgs::with_capacity(message.args.len());
        for (name, value) in &message.args {
            fluent.set(name.clone(), argument(self.language, value));
        }
        self.render(&message.id, &fluent)
    }

    /// The same stored message in all three languages, by language tag.
    pub fn in_all(message: &Message) -> BTreeMap<&'static str, String> {
        Language::ALL.into_iter().map(|language| (language.as_str(), Self::new(language).message(message))).collect()
    }

    fn render(&self, id: &str, args: &FluentArgs<'_>) -> String {
        for bundle in &self.chain {
            if let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) {
                let mut missing = Vec::new();
                return bundle.format_pattern(pattern, Some(args), &mut missing).into_owned();
            }
        }
        id.to_owned()
    }

    pub fn number(&self, number: impl Into<i128>) -> String {
        format::number(number.into())
    }

    pub fn moment(&self, moment: Timestamp) -> String {
        format::moment(self.language, moment)
    }

    /// A moment to the minute for a column of a table, in UTC: the same in every language.
    pub fn minute(&self, moment: Timestamp) -> String {
        format::minute(moment)
    }

    pub fn list<S: AsRef<str>>(&self, parts: &[S]) -> String {
        format::join(self.language, parts)
    }
}

fn tag(language: Language) -> LanguageIdentifier {
    match language {
        Language::En => langid!("en"),
        Language::Ko => langid!("ko"),
        Language::Ja => langid!("ja"),
    }
}

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![tag(language)]);
    // Terminals show the isolation marks as boxes; the HTML page isolates with `dir="auto"` instead.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(grouped));
    for (_, text) in crate::sources(language) {
        // A broken message is left out here and found by the tests; the good ones still serve.
        let resource = match FluentResource::try_new((*text).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        let _ = bundle.add_resource(resource);
    }
    bundle
}

fn argument(language: Language, value: &Value) -> FluentValue<'static> {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(exact) => FluentValue::from(exact),
            None => FluentValue::from(number.to_string()),
        },
        other => FluentValue::from(spoken(language, other)),
    }
}

/// Fluent writes numbers bare; people read them grouped.
fn grouped<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(format::float(number.value)),
        _ => None,
    }
}
