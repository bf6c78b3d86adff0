//! Reads bytes as a configuration item; what was read is written and read again to the same item.
#![no_main]

use haechi_model::ConfigurationItem;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(item) = ConfigurationItem::parse(bytes) {
        let again = ConfigurationItem::from_value(&item.to_value()).expect("what was read can be read again");
        assert_eq!(again.content_hash(), item.content_hash());
    }
});
