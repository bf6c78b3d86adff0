//! Self-contained questions from arbitrary text: no input may panic, the two ways to an answer agree, and what is
//! certain openly is certain.
#![no_main]

use haechi_iam::{BatchQuestion, PolicyCache, Tri};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut cache = PolicyCache::new(1 << 20);
    let (Ok(asked), _) = BatchQuestion::parse(text, Some(("2026-11-22T09:30:00Z", 1_795_339_800)), &mut cache) else {
        return;
    };
    let question = asked.question();
    let (quick, decision, openly) = (question.decide(), question.explain(), question.decide_openly());
    assert_eq!(quick.verdict(), decision.verdict);
    assert!(openly.allowed == Tri::Maybe || openly.allowed == quick.allowed);
    let _ = question.faults().map(|(_, fault)| fault.kind.to_string().len()).sum::<usize>();
});
