//! Sigma's condition: names of selections joined by `and`, `or`, `not`, brackets and `1 of`, `all of`.

use std::ops::Range;

/// A condition over selections, by their index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Selection(usize),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// What is wrong with a condition, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub at: Range<usize>,
    pub what: String,
    pub help: Option<String>,
    /// A name that is not known: one that is may have been meant.
    pub unknown: Option<String>,
}

/// Brackets and `not` within each other.
const DEEPEST: usize = 64;
/// Bytes of a condition.
const LONGEST: usize = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Close,
    Pipe,
    And,
    Or,
    Not,
    Word,
}

#[derive(Debug, Clone)]
struct Token<'t> {
    kind: Kind,
    text: &'t str,
    at: Range<usize>,
}

impl Wrong {
    fn new(at: Range<usize>, what: impl Into<String>) -> Self {
        Self { at, what: what.into(), help: None, unknown: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Condition {
    /// Reads a condition over the selections of these names.
    pub(crate) fn parse(text: &str, names: &[&str]) -> Result<Self, Wrong> {
        if text.len() > LONGEST {
            return Err(Wrong::new(0..text.len(), format!("a condition has at most {LONGEST} bytes")));
        }
        let mut parser = Parser { tokens: tokens(text)?, at: 0, end: text.len(), names, depth: 0 };
        let condition = parser.any()?;
        match parser.tokens.get(parser.at) {
            None => Ok(condition),
            Some(token) if token.kind == Kind::Pipe => Err(Wrong::new(
                token.at.start..text.len(),
                "counts and `near` behind `|` are no longer part of Sigma: they were never precisely defined",
            )
            .help("write a correlation (`event_count`, `value_count`, `temporal`) that names this rule")),
            Some(token) => Err(Wrong::new(token.at.clone(), "`and`, `or` or the end is expected here")),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Wrong> {
    let mut tokens = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((start, letter)) = letters.next() {
        let single = match letter {
            '(' => Some(Kind::Open),
            ')' => Some(Kind::Close),
            '|' => Some(Kind::Pipe),
            _ if letter.is_whitespace() => continue,
            _ => None,
        };
        if let Some(kind) = single {
            tokens.push(Token { kind, text: &text[start..start + 1], at: start..start + 1 });
            continue;
        }
        let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '*');
        if !is_word(letter) {
            // What stands behind a pipe is refused as a whole.
            if tokens.iter().any(|token| token.kind == Kind::Pipe) {
                continue;
            }
            return Err(Wrong::new(
                start..start + letter.len_utf8(),
                format!("`{}` has no meaning in a condition", letter.escape_debug()),
            ));
        }
        let mut end = start + letter.len_utf8();
        while let Some((at, next)) = letters.next_if(|(_, next)| is_word(*next)) {
            end = at + next.len_utf8();
        }
        let word = &text[start..end];
        let kind = match word.to_ascii_lowercase().as_str() {
            "and" => Kind::And,
            "or" => Kind::Or,
            "not" => Kind::Not,
            _ => Kind::Word,
        };
        tokens.push(Token { kind, text: word, at: start..end });
    }
    Ok(tokens)
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    end: usize,
    names: &'t [&'t str],
    depth: usize,
}

impl<'t> Parser<'t> {
    fn next_is(&mut self, kind: Kind) -> bool {
        let is = self.tokens.get(self.at).is_some_and(|token| token.kind == kind);
        self.at += usize::from(is);
        is
    }

    fn any(&mut self) -> Result<Condition, Wrong> {
        let mut parts = vec![self.all()?];
        while self.next_is(Kind::Or) {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Wrong> {
        let mut parts = vec![self.not()?];
        while self.next_is(Kind::And) {
            parts.push(self.not()?);
        }
        Ok(one_or(parts, Condition::All))
    }

    fn not(&mut self) -> Result<Condition, Wrong> {
        let mut negations = 0_usize;
        while self.next_is(Kind::Not) {
            negations += 1;
        }
        let inner = self.single()?;
        Ok(if negations % 2 == 1 { Condition::Not(Box::new(inner)) } else { inner })
    }

    fn single(&mut self) -> Result<Condition, Wrong> {
        let Some(token) = self.tokens.get(self.at).cloned() else {
            return Err(Wrong::new(self.end..self.end, "the condition ends where a selection is expected"));
        };
        match token.kind {
            Kind::Open => {
                self.at += 1;
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(Wrong::new(token.at, format!("brackets are nested more than {DEEPEST} deep")));
                }
                let inner = self.any()?;
                self.depth -= 1;
                if !self.next_is(Kind::Close) {
                    let behind = self.tokens.get(self.at).map_or(self.end..self.end, |token| token.at.clone());
                    return Err(Wrong::new(behind, "the bracket is not closed"));
                }
                Ok(inner)
            }
            Kind::Word => {
                self.at += 1;
                let of = self.tokens.get(self.at).is_some_and(|next| next.text.eq_ignore_ascii_case("of"));
                if of { self.quantified(&token) } else { self.named(&token) }
            }
            _ => Err(Wrong::new(token.at, format!("a selection is expected here, not `{}`", token.text))),
        }
    }

    fn named(&self, token: &Token<'_>) -> Result<Condition, Wrong> {
        if let Some(index) = self.names.iter().position(|name| *name == token.text) {
            return Ok(Condition::Selection(index));
        }
        let wrong = Wrong::new(token.at.clone(), format!("there is no selection `{}`", token.text));
        if token.text.contains('*') {
            return Err(wrong.help(format!("write `1 of {0}` or `all of {0}`", token.text)));
        }
        if token.text.eq_ignore_ascii_case("them") {
            return Err(wrong.help("write `1 of them` or `all of them`"));
        }
        Err(Wrong { unknown: Some(token.text.to_owned()), ..wrong })
    }

    /// `1 of`, `any of`, `all of`: of `them`, or of the selections of a pattern.
    fn quantified(&mut self, how: &Token<'t>) -> Result<Condition, Wrong> {
        self.at += 1;
        let all = match how.text.to_ascii_lowercase().as_str() {
            "1" | "any" => false,
            "all" => true,
            _ => return Err(Wrong::new(how.at.clone(), format!("`{} of`: only `1 of` and `all of`", how.text))),
        };
        let Some(which) = self.tokens.get(self.at).filter(|token| token.kind == Kind::Word).cloned() else {
            return Err(Wrong::new(self.end..self.end, "`of` wants `them` or a pattern of names"));
        };
        self.at += 1;
        let them = which.text.eq_ignore_ascii_case("them") && !self.names.contains(&which.text);
        let fits = |name: &str| if them { !name.starts_with('_') } else { glob(which.text, name) };
        let meant: Vec<_> =
            (0..self.names.len()).filter(|at| fits(self.names[*at])).map(Condition::Selection).collect();
        if meant.is_empty() {
            return Err(Wrong::new(which.at, format!("`{}` names no selection", which.text)));
        }
        Ok(one_or(meant, if all { Condition::All } else { Condition::Any }))
    }
}

fn one_or(mut parts: Vec<Condition>, join: impl FnOnce(Vec<Condition>) -> Condition) -> Condition {
    if parts.len() == 1 { parts.swap_remove(0) } else { join(parts) }
}

/// `*` stands for any letters, also none.
pub(crate) fn glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [&str; 6] = ["selection", "sel_a", "sel_b", "filter_main", "_hidden", "not-me"];

    fn shown(condition: &Condition) -> String {
        let joined = |parts: &[Condition], sign: &str| {
            let parts: Vec<_> = parts.iter().map(shown).collect();
            format!("({})", parts.join(sign))
        };
        match condition {
            Condition::Selection(index) => NAMES[*index].to_owned(),
            Condition::Not(inner) => format!("!{}", shown(inner)),
            Condition::All(parts) => joined(parts, " & "),
            Condition::Any(parts) => joined(parts, " | "),
        }
    }

    fn check(text: &str, expected: &str) {
        match Condition::parse(text, &NAMES) {
            Ok(condition) => assert_eq!(shown(&condition), expected, "{text}"),
            Err(wrong) => assert!(
                wrong.what.contains(expected) && wrong.at.end <= text.len(),
                "{text}: {} at {:?}",
                wrong.what,
                wrong.at
            ),
        }
    }

    #[test]
    fn conditions_are_read() {
        check("selection", "selection");
        check("selection and not filter_main", "(selection & !filter_main)");
        check("sel_a or sel_b and selection", "(sel_a | (sel_b & selection))");
        check("not sel_a and sel_b", "(!sel_a & sel_b)");
        check("not (sel_a AND sel_b) OR selection", "(!(sel_a & sel_b) | selection)");
        check("not not sel_a", "sel_a");
        check("1 of sel_*", "(sel_a | sel_b)");
        check("all of sel*", "(selection & sel_a & sel_b)");
        check("selection and not 1 of filter_*", "(selection & !filter_main)");
        check("1 of them", "(selection | sel_a | sel_b | filter_main | not-me)");
        check("any of *_a", "sel_a");
        check("  ( ( selection ) )  ", "selection");
        check("not-me", "not-me");
    }

    #[test]
    fn what_is_none_is_refused() {
        check("", "the condition ends");
        check("selection and", "the condition ends");
        check("selection sel_a", "`and`, `or` or the end");
        check("(selection", "not closed");
        check("selection)", "`and`, `or` or the end");
        check("selektion", "there is no selection `selektion`");
        check("sel_*", "there is no selection");
        check("1 of filters*", "names no selection");
        check("2 of them", "only `1 of`");
        check("1 of", "`of` wants");
        check("selection | count() > 5", "no longer part of Sigma");
        check("selection | near a within 5m & b", "no longer part of Sigma");
        check("selection & sel_a", "has no meaning");
        check("and selection", "a selection is expected here");
        check(&"(".repeat(5000), "nested more than 64 deep");
        check(&"not ".repeat(5000), "the condition ends");
        check(&"x".repeat(100_000), "at most");
    }

    /// A condition as text, and its value over eight selections, made together.
    fn any_condition() -> impl Strategy<Value = (String, u8)> {
        let one = (0_usize..8).prop_map(|index| (format!("s{index}"), 1_u8 << index));
        // Bit n of the second: what the condition says when only selection n matches.
        one.prop_recursive(5, 40, 4, |inner| {
            prop_oneof![
                (proptest::collection::vec(inner.clone(), 2..4)).prop_map(|parts| {
                    let text: Vec<_> = parts.iter().map(|(text, _)| format!("({text})")).collect();
                    (text.join(" and "), parts.iter().fold(!0, |sum, (_, bits)| sum & bits))
                }),
                (proptest::collection::vec(inner.clone(), 2..4)).prop_map(|parts| {
                    let text: Vec<_> = parts.iter().map(|(text, _)| format!("({text})")).collect();
                    (text.join(" or "), parts.iter().fold(0, |sum, (_, bits)| sum | bits))
                }),
                inner.prop_map(|(text, bits)| (format!("not ({text})"), !bits)),
            ]
        })
    }

    fn value(condition: &Condition, matched: &dyn Fn(usize) -> bool) -> bool {
        match condition {
            Condition::Selection(index) => matched(*index),
            Condition::Not(inner) => !value(inner, matched),
            Condition::All(parts) => parts.iter().all(|part| value(part, matched)),
            Condition::Any(parts) => parts.iter().any(|part| value(part, matched)),
        }
    }

    /// Evaluates the text itself, without a tree: brackets first, then `not`, `and`, `or`.
    fn by_rewriting(text: &str, matched: &dyn Fn(usize) -> bool) -> bool {
        let mut text = format!("({text})");
        for index in 0..8 {
            text = text.replace(&format!("s{index}"), if matched(index) { "T" } else { "F" });
        }
        text = text.replace("and", "&").replace("or", "|").replace("not", "!").replace(' ', "");
        loop {
            let before = text.clone();
            for (from, to) in [("(T)", "T"), ("(F)", "F"), ("!T", "F"), ("!F", "T")] {
                text = text.replace(from, to);
            }
            for (from, to) in [("T&T", "T"), ("T&F", "F"), ("F&T", "F"), ("F&F", "F")] {
                text = text.replace(from, to);
            }
            if !text.contains('&') || text == before {
                // `or` binds least: only where nothing stronger stands beside it.
                for (from, to) in [("(T|T", "(T"), ("(T|F", "(T"), ("(F|T", "(T"), ("(F|F", "(F")] {
                    for behind in ["|", ")"] {
                        text = text.replace(&format!("{from}{behind}"), &format!("{to}{behind}"));
                    }
                }
            }
            if text.len() == 1 {
                return text == "T";
            }
            assert_ne!(text, before, "it is stuck");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn conditions_mean_what_they_say((text, bits) in any_condition()) {
            let names: Vec<_> = (0..8).map(|index| format!("s{index}")).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let condition = Condition::parse(&text, &names).unwrap();
            for one in 0..8 {
                prop_assert_eq!(value(&condition, &|index| index == one), bits >> one & 1 == 1, "{}", text);
            }
        }

        #[test]
        fn precedence_without_brackets(words in proptest::collection::vec((0_usize..8, any::<bool>(), any::<bool>()), 1..9), set in any::<u8>()) {
            let mut text = String::new();
            for (at, (name, negated, and)) in words.iter().enumerate() {
                if at > 0 {
                    text += if *and { " and " } else { " or " };
                }
                text += &format!("{}s{name}", if *negated { "not " } else { "" });
            }
            let names: Vec<_> = (0..8).map(|index| format!("s{index}")).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let condition = Condition::parse(&text, &names).unwrap();
            let matched = |index: usize| set >> index & 1 == 1;
            prop_assert_eq!(value(&condition, &matched), by_rewriting(&text, &matched), "{}", text);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a-z0-9_*()| éand]{0,60}") {
            if let Err(wrong) = Condition::parse(&text, &NAMES) {
                prop_assert!(wrong.at.start <= wrong.at.end && wrong.at.end <= text.len());
            }
        }
    }
}
