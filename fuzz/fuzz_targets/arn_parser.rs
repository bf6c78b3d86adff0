//! Reads text as an ARN; its parts joined again are the text.
#![no_main]

use haechi_model::Arn;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(arn) = Arn::parse(text) {
        let parts = [arn.partition(), arn.service(), arn.region(), arn.account(), arn.resource()];
        assert_eq!(format!("arn:{}", parts.join(":")), text);
    }
});
