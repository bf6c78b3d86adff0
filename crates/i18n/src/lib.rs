//! Renders a message id with its arguments in English, Korean or Japanese.
//!
//! The interface's words are Fluent messages in `locales/<language>/*.ftl`, embedded. What a rule
//! says stands in its own file and is rendered by [`render_text`]. No file is read when it runs.

mod catalog;
mod format;
mod template;

pub use catalog::Catalog;
pub use format::{join, minute, moment, number, percent};
pub use haechi_content::Language;
pub use template::{placeholders, render_text};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/locales.rs"));
}

/// Every embedded file of a language: its name and its text.
pub fn sources(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::En => embedded::EN,
        Language::Ko => embedded::KO,
        Language::Ja => embedded::JA,
    }
}
