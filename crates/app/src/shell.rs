//! Words of a command that people paste into a shell. Names come from logs, and whoever is in a log may have chosen them.

/// A word as a POSIX shell takes it, whole and as it is; control characters are left out.
pub(crate) fn word(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+=,".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Words with a space between them.
pub(crate) fn words(texts: &[String]) -> String {
    texts.iter().map(|text| word(text)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_is_run() {
        for (text, expected) in [
            ("arn:aws:iam::111122223333:user/x", "arn:aws:iam::111122223333:user/x"),
            ("", "''"),
            ("a b", "'a b'"),
            ("x'; rm -rf ~ #", "'x'\\''; rm -rf ~ #'"),
            ("$(id)`id`", "'$(id)`id`'"),
            ("a\nb\u{1b}[2J", "'ab[2J'"),
            ("~", "'~'"),
        ] {
            assert_eq!(word(text), expected, "{text}");
        }
        assert_eq!(words(&["./logs".to_owned(), "my logs".to_owned()]), "./logs 'my logs'");
    }
}
