//! What went wrong, in the words of a user: what, why, and what to do next.
//!
//! What is said and what is advised are message ids, so that they reach the user in their language;
//! causes are the words of whoever refused (AWS, the system, a parser) and stay as they came.

use std::fmt;

use haechi_i18n::{Catalog, Language};
use haechi_model::Message;

/// An error as it is shown: `error: what`, `cause: why`, `help: what to do next`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserError {
    pub what: Message,
    pub causes: Vec<String>,
    pub help: Option<Message>,
}

impl UserError {
    /// An error that is said by a message of the locales.
    pub fn said(id: &str) -> Self {
        Self { what: Message::new(id), causes: Vec::new(), help: None }
    }

    /// Words that have come from elsewhere and are in no locale.
    pub fn verbatim(text: impl fmt::Display) -> Self {
        Self::said("verbatim").arg("text", text)
    }

    /// An argument of the sentence that was said last: of the help where there is one, else of the error.
    pub fn arg(mut self, name: &str, value: impl fmt::Display) -> Self {
        // As text: account ids and years are no quantities, their digits are not grouped.
        self.help.as_mut().unwrap_or(&mut self.what).args.insert(name.to_owned(), value.to_string().into());
        self
    }

    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// What to do next, by a message of the locales.
    pub fn help(mut self, id: &str) -> Self {
        self.help = Some(Message::new(id));
        self
    }
}

/// In English: for logs and tests. The terminal renders it in the language of the user.
impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let english = Catalog::new(Language::En);
        write!(f, "error: {}", english.message(&self.what))?;
        for cause in &self.causes {
            write!(f, "\ncause: {cause}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {}", english.message(help))?;
        }
        Ok(())
    }
}

impl std::error::Error for UserError {}

pub type Result<T> = std::result::Result<T, UserError>;
