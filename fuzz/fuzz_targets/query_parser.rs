//! Any text as a query: it is parsed and planned, or refused at a place within the text.
#![no_main]

use haechi_query::{Limits, Plan, has_word, language_of, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = (language_of(text), has_word(text, "findings"));
    match parse(text) {
        Ok(query) => {
            let plan = Plan::new(&query, Limits::default());
            let _ = (plan.columns(), plan.resource_ids(), plan.resource_types(), plan.reach());
            let _ = plan.may_match("111122223333", "us-east-1", "AWS::EC2::Instance");
        }
        Err(problem) => {
            assert!(problem.at.start <= problem.at.end && problem.at.end <= text.len());
            let _ = problem.caret(text);
        }
    }
});
