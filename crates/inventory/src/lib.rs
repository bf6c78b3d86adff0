//! Placeholder doc, replaced as the crate is built.
