//! What went wrong, in the words of a user: what, why, and what to do next.

use std::fmt;

/// An error as it is shown: `error: what`, `cause: why`, `help: what to do next`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserError {
    pub what: String,
    pub causes: Vec<String>,
    pub help: Option<String>,
}

impl UserError {
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), causes: Vec::new(), help: None }
    }

    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        for cause in &self.causes {
            write!(f, "\ncause: {cause}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UserError {}

pub type Result<T> = std::result::Result<T, UserError>;
