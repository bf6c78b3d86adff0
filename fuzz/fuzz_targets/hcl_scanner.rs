//! Scans text as a `.tf` file: every block stands where the scanner says, and the scan ends.
#![no_main]

use haechi_iac::terraform::blocks;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lines: Vec<&str> = text.split('\n').collect();
    for block in blocks(text) {
        let line = lines[block.line as usize - 1];
        let rest: String = line.chars().skip(block.column as usize - 1).collect();
        assert!(rest.starts_with(&block.keyword), "{block:?} in {line:?}");
    }
});
