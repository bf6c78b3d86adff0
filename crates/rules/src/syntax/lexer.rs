//! Splits an expression into words: names, numbers, texts and signs, each with its place.

use super::{Problem, Span};

#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    Name(String),
    Int(i64),
    /// 2^63, which is a number only behind a minus.
    TooLargeByOne,
    Double(f64),
    Text(String),
    Sign(&'static str),
    End,
}

/// Longest first, so that `<=` is not read as `<` and `=`.
const SIGNS: [&str; 25] = [
    "&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "!", "-", "+", "*", "/", "%",
    "<", ">", "=",
];

/// Words that CEL keeps for itself.
pub const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// All words of the text, with the end as the last.
pub fn words(text: &str) -> Result<Vec<(Word, Span)>, Problem> {
    let mut lexer = Lexer { text, at: 0 };
    let mut words = Vec::new();
    loop {
        lexer.skip_blanks();
        let start = lexer.at;
        let word = lexer.word()?;
        let end = word == Word::End;
        words.push((word, Span::new(start, lexer.at)));
        if end {
            return Ok(words);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n', '\x0C']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn word(&mut self) -> Result<Word, Problem> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Word::End) };
        if let Some(text) = self.text_literal()? {
            return Ok(Word::Text(text));
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            self.at += length;
            return Ok(Word::Name(rest[..length].to_owned()));
        }
        let fraction = first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit());
        if first.is_ascii_digit() || fraction {
            return self.number();
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            self.at += sign.len();
            return Ok(Word::Sign(sign));
        }
        let here = Span::new(self.at, self.at + first.len_utf8());
        let problem = Problem::new(here, format!("`{}` has no meaning here", first.escape_debug()));
        Err(match first {
            '&' => problem.help("write `&&`"),
            '|' => problem.help("write `||`"),
            _ => problem,
        })
    }

    fn number(&mut self) -> Result<Word, Problem> {
        let (start, rest) = (self.at, self.rest());
        let digits = |from: usize| rest.as_bytes()[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        if let Some(hex) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
            let length = hex.bytes().take_while(u8::is_ascii_hexdigit).count();
            self.at += 2 + length;
            self.refuse_suffix(start)?;
            return i64::from_str_radix(&hex[..length], 16).map(Word::Int).map_err(|_| self.not_a_number(start));
        }
        let mut length = digits(0);
        let mut whole = true;
        if rest[length..].starts_with('.') && digits(length + 1) > 0 {
            length += 1 + digits(length + 1);
            whole = false;
        }
        if rest[length..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
            let power = digits(length + 1 + sign);
            if power > 0 {
                length += 1 + sign + power;
                whole = false;
            }
        }
        self.at += length;
        self.refuse_suffix(start)?;
        let number = &rest[..length];
        match whole {
            true if number.trim_start_matches('0') == "9223372036854775808" => Ok(Word::TooLargeByOne),
            true => number.parse().map(Word::Int).map_err(|_| self.not_a_number(start)),
            false => match number.parse::<f64>() {
                Ok(double) if double.is_finite() => Ok(Word::Double(double)),
                _ => Err(self.not_a_number(start)),
            },
        }
    }

    fn refuse_suffix(&mut self, start: usize) -> Result<(), Problem> {
        if !self.rest().starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            return Ok(());
        }
        self.at += 1;
        Err(self.not_a_number(start))
    }

    fn not_a_number(&self, start: usize) -> Problem {
        Problem::new(Span::new(start, self.at), "not a number of this language")
            .help("whole numbers have 64 bits with a sign; others are written as 1.5 or 2e3")
    }

    /// A text in quotes; `None` when none begins here.
    fn text_literal(&mut self) -> Result<Option<String>, Problem> {
        let (start, rest) = (self.at, self.rest());
        let raw = rest.starts_with(['r', 'R']);
        let body = if raw { &rest[1..] } else { rest };
        let Some(quote) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| body.starts_with(quote)) else {
            return match body.starts_with(['b', 'B']) && body[1..].starts_with(['"', '\'']) {
                true => Err(Problem::new(Span::new(start, start + 1), "texts of bytes are not part of this language")),
                false => Ok(None),
            };
        };
        self.at += usize::from(raw) + quote.len();
        let mut text = String::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(quote) {
                self.at += quote.len();
                return Ok(Some(text));
            }
            match rest.chars().next() {
                None => return Err(open_text(start, quote)),
                Some('\n' | '\r') if quote.len() == 1 => return Err(open_text(start, quote)),
                Some('\\') if !raw => text.push(self.escape()?),
                Some(other) => {
                    text.push(other);
                    self.at += other.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let start = self.at;
        let mut rest = self.rest()[1..].chars();
        let letter = rest.next();
        self.at += 1 + letter.map_or(0, char::len_utf8);
        let (digits, radix) = match letter {
            Some('a') => return Ok('\x07'),
            Some('b') => return Ok('\x08'),
            Some('f') => return Ok('\x0C'),
            Some('n') => return Ok('\n'),
            Some('r') => return Ok('\r'),
            Some('t') => return Ok('\t'),
            Some('v') => return Ok('\x0B'),
            Some(same @ ('\\' | '\'' | '"' | '`' | '?')) => return Ok(same),
            Some('x' | 'X') => (2, 16),
            Some('u') => (4, 16),
            Some('U') => (8, 16),
            Some('0'..='3') => {
                self.at -= 1;
                (3, 8)
            }
            _ => (0, 10),
        };
        let code = self.rest().get(..digits).filter(|code| !code.is_empty() && !code.starts_with('+'));
        let escaped = code.and_then(|code| u32::from_str_radix(code, radix).ok()).and_then(char::from_u32);
        self.at += code.map_or(0, str::len);
        escaped.ok_or_else(|| {
            Problem::new(Span::new(start, self.at), "not an escape of this language")
                .help("a backslash is written `\\\\`, or the text as r\"...\"")
        })
    }
}

fn open_text(start: usize, quote: &str) -> Problem {
    Problem::new(Span::new(start, start + quote.len()), format!("the text that begins here is not closed with {quote}"))
}
