//! What a resolved pack's rules are to Haechi: at hand, AWS's but lacking, or nobody's; and whether their
//! parameters are spelt as AWS spells them.

use super::MOST_ERRORS;
use super::resolved::{Owner, ResolvedPack, ResolvedRule};
use crate::content::{Content, Rule};
use crate::managed::{ManagedRule, ManagedRules};
use crate::source::Diagnostic;

/// What an identifier stands for.
#[derive(Debug, Clone, Copy)]
pub enum Standing<'a> {
    /// Haechi has the rule.
    Implemented(&'a Rule),
    /// A managed rule of AWS that Haechi lacks.
    Lacking(&'static ManagedRule),
    /// A managed rule that people attest.
    Attested(&'static ManagedRule),
    /// No managed rule has the name; the one that was probably meant.
    Unknown { meant: Option<&'static str> },
    /// A function or a policy of the user's own.
    Custom,
}

impl Content {
    /// What a managed rule's identifier stands for.
    pub fn standing(&self, identifier: &str) -> Standing<'_> {
        let managed = ManagedRules::known();
        match (self.rule(identifier), managed.get(identifier)) {
            (Some(rule), _) => Standing::Implemented(rule),
            (None, Some(rule)) if rule.trigger.is_none() => Standing::Attested(rule),
            (None, Some(rule)) => Standing::Lacking(rule),
            (None, None) => Standing::Unknown { meant: managed.nearest(identifier) },
        }
    }
}

impl ResolvedRule {
    /// What the rule is to Haechi.
    pub fn standing<'c>(&self, content: &'c Content) -> Standing<'c> {
        match self.owner {
            Owner::Aws => content.standing(&self.identifier),
            Owner::CustomLambda | Owner::CustomPolicy => Standing::Custom,
        }
    }
}

impl ResolvedPack {
    /// Names that are nobody's: rules that AWS does not have and parameters that a rule does not have.
    /// AWS Config would refuse such a pack.
    pub fn lint(&self, content: &Content) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for rule in &self.rules {
            if found.len() >= MOST_ERRORS {
                break;
            }
            match rule.standing(content) {
                Standing::Unknown { meant } => {
                    let message = format!("AWS Config has no managed rule `{}`", rule.identifier);
                    let error = self.at_identifier(rule, message);
                    found.push(match meant {
                        Some(meant) => error.help(format!("did you mean `{meant}`?")),
                        None => error,
                    });
                }
                Standing::Implemented(own) => {
                    let known: Vec<_> = own.file.parameters.keys().map(String::as_str).collect();
                    let required = own.file.parameters.iter().filter(|(_, one)| one.required && one.default.is_none());
                    let required: Vec<_> = required.map(|(name, _)| name.as_str()).collect();
                    self.parameters(rule, &known, &required, &mut found);
                }
                Standing::Lacking(managed) | Standing::Attested(managed) => {
                    let known: Vec<_> = managed.parameters.iter().map(|one| one.name).collect();
                    self.parameters(rule, &known, &[], &mut found);
                }
                Standing::Custom => {}
            }
        }
        found
    }

    fn parameters(&self, rule: &ResolvedRule, known: &[&str], required: &[&str], found: &mut Vec<Diagnostic>) {
        for name in rule.parameters.keys().filter(|name| !known.contains(&name.as_str())) {
            let message = format!("the rule {} has no parameter `{name}`", rule.identifier);
            found.push(self.at_parameter(rule, name, message).suggest(name, known.iter().copied()));
        }
        for name in required.iter().filter(|name| !rule.parameters.contains_key(**name)) {
            let message = format!("the rule {} needs the parameter `{name}`", rule.identifier);
            found.push(self.at_identifier(rule, message));
        }
    }
}
