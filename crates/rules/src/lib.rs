//! Judges items by rules: compiles their expressions, asks them of items and neighbours, and says what follows.
//!
//! A pure engine: no clock, file, network or async. Facts in, evaluations and findings out; the time is a value.
//!
//! ```text
//! CompiledRule::compile(&RuleFile, &TypeCatalogue) -> Result<CompiledRule, Vec<RuleError>>
//! effective_parameters(&RuleFile, &given) -> Result<BTreeMap<String, Value>, ParameterError>
//! Judge::new(Vec<(Arc<CompiledRule>, RuleInstance)>)        judge.needed_types(): what a World must hold
//! World::builder().add(item).coverage(&coverage).access(Access::Known(answers))...build()
//! judge.evaluate(&World, now, &item, Recording) -> Vec<Evaluation>
//! judge.evaluate_again(&previous, &World, now, &item)       only what no longer holds is judged anew
//! Standing::new(Judge, World)                               keeps what evaluations rest on, and follows changes
//! finding_of(&Evaluation, &CompiledRule, &RuleInstance, &World, &item, now) -> Option<Finding>
//! lifecycle(previous, &Outcome, now) -> Change
//! check_examples(&RuleFile, &Arc<CompiledRule>, &TypeCatalogue) -> Vec<ExampleFailure>
//! ```

mod coded;
mod compile;
mod error;
mod eval;
mod examples;
mod findings;
mod frame;
mod functions;
mod judge;
mod parameters;
mod path;
mod program;
mod rule;
mod shape;
mod standing;
pub mod syntax;
#[cfg(test)]
mod tests;
mod value;
mod world;

pub use compile::{Scope as CompileScope, compile_expression};
pub use error::RuleError;
pub use examples::{ExampleFailure, Mismatch, check_examples, evaluate_example};
pub use findings::{Change, Outcome, finding_of, lifecycle};
pub use frame::Recording;
pub use judge::{Judge, MAX_EVIDENCE};
pub use parameters::{ParameterError, effective_parameters};
pub use rule::CompiledRule;
pub use standing::{Affected, Fact, Standing};
pub use world::{Access, World, WorldBuilder};
