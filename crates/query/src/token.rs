//! Words of a query: names, literals and signs, each with its place in the text. Also tells the two query
//! languages apart: a FROM outside of literals means plain SQL.

use std::ops::Range;

use crate::problem::Problem;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A dotted path, or a keyword: keywords are names of one part that was not quoted.
    Name {
        parts: Vec<String>,
        quoted: bool,
    },
    Text(String),
    Number(String),
    /// One of `( ) , * = != < <= > >=`.
    Sign(&'static str),
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    pub(crate) at: Range<usize>,
}

/// The language a query is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// AWS Config's advanced-query language.
    Config,
    /// SQL over the public views.
    Sql,
}

/// Which language a text is in: AWS Config's has no FROM, no WITH and no VALUES.
pub fn language_of(text: &str) -> Language {
    let mut first = true;
    for word in (Words { text, at: 0 }) {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if is("from") || (first && ["with", "values", "explain"].iter().any(|keyword| is(keyword))) {
            return Language::Sql;
        }
        first = false;
    }
    Language::Config
}

/// Whether a text has a bare word, in any case: a table's name in SQL.
pub fn has_word(text: &str, wanted: &str) -> bool {
    let mut parts = Words { text, at: 0 }.flat_map(|word| word.split('.'));
    parts.any(|part| part.eq_ignore_ascii_case(wanted))
}

/// The bare words of a text in either language, without literals and comments.
struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Words<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        loop {
            let rest = &self.text[self.at..];
            let c = rest.chars().next()?;
            let after = |end: Option<usize>, width: usize| end.map_or(rest.len(), |end| end + width);
            self.at += match c {
                '\'' | '"' | '`' => 1 + after(rest[1..].find(c), 1).min(rest.len() - 1),
                '-' if rest.starts_with("--") => after(rest.find('\n'), 1),
                '/' if rest.starts_with("/*") => after(rest.find("*/"), 2),
                _ if is_name(c) => {
                    // A member that is called `from` is no keyword.
                    let length = rest.find(|c| !is_name(c) && c != '.').unwrap_or(rest.len());
                    self.at += length;
                    return Some(&rest[..length]);
                }
                _ => c.len_utf8(),
            };
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What names in items may hold: tag keys and map keys have more than letters.
fn continues_name(c: char) -> bool {
    is_name(c) || matches!(c, '-' | ':' | '/' | '@' | '#' | '$' | '+')
}

pub(crate) fn tokens(text: &str) -> Result<Vec<Placed>, Problem> {
    let mut lexer = Lexer { text, at: 0 };
    let mut found = Vec::new();
    loop {
        let placed = lexer.next()?;
        let end = placed.token == Token::End;
        found.push(placed);
        if end {
            return Ok(found);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) -> Result<(), Problem> {
        loop {
            let rest = self.rest();
            let space = rest.len() - rest.trim_start().len();
            let comment = if rest[space..].starts_with("--") {
                rest[space..].find('\n').unwrap_or(rest.len() - space)
            } else if rest[space..].starts_with("/*") {
                let end = rest[space..].find("*/").map(|end| end + 2);
                let from = self.at + space;
                end.ok_or_else(|| Problem::new("query-comment-open", from..from + 2))?
            } else {
                0
            };
            self.at += space + comment;
            if comment == 0 {
                return Ok(());
            }
        }
    }

    fn next(&mut self) -> Result<Placed, Problem> {
        self.skip_space()?;
        let start = self.at;
        let Some(c) = self.rest().chars().next() else {
            return Ok(Placed { token: Token::End, at: start..start });
        };
        let token = match c {
            '\'' => Token::Text(self.quoted('\'', "query-text-open")?),
            '"' | '`' => self.name()?,
            '0'..='9' => self.number()?,
            '-' if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number()?,
            _ if c == '_' || c.is_alphabetic() => self.name()?,
            _ => self.sign(c)?,
        };
        Ok(Placed { token, at: start..self.at })
    }

    fn sign(&mut self, c: char) -> Result<Token, Problem> {
        // `<>` is the older spelling of `!=`; a semicolon at the end is of no meaning.
        const SIGNS: [(&str, &str); 13] = [
            ("!=", "!="),
            ("<>", "!="),
            ("<=", "<="),
            (">=", ">="),
            ("==", "=="),
            ("(", "("),
            (")", ")"),
            (",", ","),
            ("*", "*"),
            ("=", "="),
            ("<", "<"),
            (">", ">"),
            (";", ";"),
        ];
        match SIGNS.iter().find(|(written, _)| self.rest().starts_with(written)) {
            Some((written, sign)) => {
                self.at += written.len();
                Ok(Token::Sign(sign))
            }
            None => {
                let at = self.at..self.at + c.len_utf8();
                Err(Problem::new("query-sign", at).with("sign", c.to_string()))
            }
        }
    }

    /// What stands between two quotes; a quote is written twice.
    fn quoted(&mut self, quote: char, open: &str) -> Result<String, Problem> {
        let start = self.at;
        let mut text = String::new();
        self.at += 1;
        loop {
            let Some(end) = self.rest().find(quote) else {
                return Err(Problem::new(open, start..start + 1));
            };
            text.push_str(&self.rest()[..end]);
            self.at += end + 1;
            if !self.rest().starts_with(quote) {
                return Ok(text);
            }
            text.push(quote);
            self.at += 1;
        }
    }

    fn number(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        let length = self
            .rest()
            .char_indices()
            .skip(1)
            .find(|(at, c)| {
                let exponent = matches!(c, '+' | '-') && self.rest()[..*at].ends_with(['e', 'E']);
                !(c.is_alphanumeric() || *c == '.' || exponent)
            })
            .map_or(self.rest().len(), |(at, _)| at);
        self.at += length;
        let text = &self.text[start..self.at];
        // JSON's numbers: what Rust alone reads, such as `1_000`, `inf` or `1.`, is none.
        match serde_json::from_str::<serde_json::Number>(text) {
            Ok(_) => Ok(Token::Number(text.to_owned())),
            Err(_) => {
                let problem = Problem::new("query-number", start..self.at).with("text", text);
                Err(problem.help("query-advice-quotes"))
            }
        }
    }

    fn name(&mut self) -> Result<Token, Problem> {
        let (mut parts, mut quoted) = (Vec::new(), false);
        loop {
            let start = self.at;
            match self.rest().chars().next() {
                Some(quote @ ('"' | '`')) => {
                    parts.push(self.quoted(quote, "query-name-open")?);
                    quoted = true;
                }
                _ => {
                    let length = self.rest().find(|c| !continues_name(c)).unwrap_or(self.rest().len());
                    parts.push(self.rest()[..length].to_owned());
                    self.at += length;
                }
            }
            if parts.last().is_some_and(String::is_empty) {
                return Err(Problem::new("query-name-empty", start.saturating_sub(1)..self.at.max(start)));
            }
            if !self.rest().starts_with('.') {
                return Ok(Token::Name { parts, quoted });
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_from_means_plain_sql() {
        let check = |text: &str, language| assert_eq!(language_of(text), language, "{text}");
        check("SELECT resourceId WHERE resourceType = 'AWS::EC2::Instance'", Language::Config);
        check("select * from resources", Language::Sql);
        check("SELECT a\nFROM\nresources", Language::Sql);
        check("WITH x AS (SELECT 1) SELECT * FROM x", Language::Sql);
        check("VALUES (1)", Language::Sql);
        check("SELECT a WHERE b = 'from x'", Language::Config);
        check("SELECT a -- from\nWHERE b = 1", Language::Config);
        check("SELECT /* from */ a", Language::Config);
        check("SELECT configuration.from, configuration.x.from WHERE fromage = 1", Language::Config);
        check("SELECT \"from\" WHERE a = 'it''s from'", Language::Config);
        check("", Language::Config);
        check("'", Language::Config);
    }
}
