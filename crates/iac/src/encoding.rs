//! Text encodings of sources: UTF-8, or UTF-16 with its mark, as PowerShell's `>` writes what Terraform prints.

use std::borrow::Cow;

/// The bytes as UTF-8; such as they are when no mark says UTF-16. Half a character becomes U+FFFD.
pub(crate) fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        _ => return Cow::Borrowed(bytes),
    };
    let units = bytes.get(2..).unwrap_or_default().chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units).map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Cow::Owned(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_and_neither() {
        let check = |bytes: &[u8], want: &str| assert_eq!(utf8(bytes).as_ref(), want.as_bytes());
        check(b"\xFF\xFE{\0}\0", "{}");
        check(b"\xFE\xFF\0{\0}", "{}");
        check(b"\xFF\xFEA\xAC", "\u{AC41}");
        check(b"\xFF\xFE=\xD8\x00\xDE{\0\xD8", "\u{1F600}{");
        check(b"\xFF\xFE\x00\xD8{\0", "\u{FFFD}{");
        check(b"\xFF\xFE", "");
        check(b"{}", "{}");
        assert_eq!(utf8(b"\xFF{}").as_ref(), b"\xFF{}");
    }
}
