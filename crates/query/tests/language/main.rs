//! The language: AWS's documented examples, errors, and the executor held to a naive evaluator.

mod documented;
mod errors;
mod naive;
mod random;
