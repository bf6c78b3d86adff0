//! Reads bytes as a CloudFormation template, carries out its functions, and makes items of its resources.
#![no_main]

use std::sync::LazyLock;

use haechi_content::Content;
use haechi_iac::{Kind, Mappings, Place, Reader};
use haechi_model::Timestamp;
use libfuzzer_sys::fuzz_target;

static KNOWN: LazyLock<(Mappings, Content)> =
    LazyLock::new(|| (Mappings::embedded().expect("the mappings load"), Content::embedded()));

fuzz_target!(|bytes: &[u8]| {
    let (mappings, content) = &*KNOWN;
    let place = Place { account: None, region: None, captured: Timestamp::from_seconds(0) };
    let reader = Reader { mappings, types: content.types(), place, parameters: Default::default(), positions: None };
    let _ = reader.read(Kind::CloudFormation, bytes, "template.yaml");
});
