//! Names and their values while a playbook is worked out. A value may come only later (an id that AWS will give):
//! what rests on it is then put off, and says on what it waits.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::Value;

/// Steps that the expressions of one playbook may take together.
const MOST_STEPS: u64 = 20_000_000;

/// Why an expression gives no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// It rests on something that is known only when the calls are made: what that is, in brackets.
    #[error("{0} is known only when the calls are made")]
    Later(String),
    /// It cannot be computed.
    #[error("{0}")]
    Wrong(String),
}

impl Missing {
    pub fn wrong(why: impl Into<String>) -> Self {
        Self::Wrong(why.into())
    }
}

/// A value, or what it waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    Value(Value),
    Later(String),
}

/// The names that an expression may use.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    names: BTreeMap<String, Known>,
    taken: Cell<u64>,
}

impl Scope {
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.names.insert(name.into(), Known::Value(value));
    }

    /// The name stands for something that comes later.
    pub fn set_later(&mut self, name: impl Into<String>, what: impl Into<String>) {
        self.names.insert(name.into(), Known::Later(what.into()));
    }

    pub fn get(&self, name: &str) -> Option<&Known> {
        self.names.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// The same names and one more.
    #[must_use]
    pub fn with(&self, name: &str, value: Value) -> Self {
        let mut scope = self.clone();
        scope.set(name, value);
        scope
    }

    pub(crate) fn step(&self) -> Result<(), Missing> {
        let taken = self.taken.get() + 1;
        self.taken.set(taken);
        if taken > MOST_STEPS {
            return Err(Missing::wrong("the expressions take too long"));
        }
        Ok(())
    }
}
