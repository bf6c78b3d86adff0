//! What a question to the recorded organization is made of, as its words on the command line say.

use haechi_access::{Guardrails, Subject, Target, World};
use haechi_iam::{Action, Catalogue, Context};

use crate::App;
use crate::error::{Result, UserError};

/// What is common to all questions.
#[derive(Debug, Clone, Default)]
pub struct AccessScope {
    /// The state at this moment.
    pub as_of: Option<String>,
    /// Condition keys with their values: `key=value`; a key that is named twice has a list.
    pub context: Vec<String>,
    pub without_scps: bool,
    /// The owner of a resource whose ARN does not tell and that was not recorded.
    pub resource_account: Option<String>,
}

impl AccessScope {
    pub(crate) fn guardrails(&self) -> Guardrails {
        if self.without_scps { Guardrails::WithoutScps } else { Guardrails::Counted }
    }

    /// Fills a context with what was told, and with the moment.
    pub(crate) fn fill(&self, app: &App, catalogue: &Catalogue, mut context: Context) -> Result<Context> {
        let now = app.now();
        context.set_now(&now.to_string(), now.as_micros().div_euclid(1_000_000));
        let mut keys: Vec<(&str, Vec<&str>)> = Vec::new();
        for pair in &self.context {
            let (key, value) = pair
                .split_once('=')
                .filter(|(key, _)| !key.is_empty())
                .ok_or_else(|| UserError::said("access-context").arg("word", pair).help("advice-access-context"))?;
            match keys.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
                Some((_, values)) => values.push(value),
                None => keys.push((key, vec![value])),
            }
        }
        for (key, values) in keys {
            context.tell(catalogue, key, &values);
        }
        Ok(context)
    }

    pub(crate) fn target<'w>(&self, world: &'w World, word: &str) -> Result<Target<'w>> {
        if word != "*" && !word.starts_with("arn:") {
            return Err(UserError::said("access-resource").arg("word", word).help("advice-access-resource"));
        }
        Ok(world.target(word, self.resource_account.as_deref()))
    }
}

/// An action as the table knows it; one that it does not know may be newer than the table.
pub(crate) fn action(catalogue: &Catalogue, word: &str) -> Result<Action> {
    catalogue.asked(word).map_err(|error| UserError::said("access-action").because(error).help("advice-access-action"))
}

pub(crate) fn subject<'w>(world: &'w World, word: &str) -> Result<Subject<'w>> {
    world
        .subject(word)
        .map_err(|error| UserError::said("access-principal").because(error).help("advice-access-principal"))
}
