//! The grammar of filters over anything that has fields:
//! `account = '111122223333' AND (arn ~ 'arn:aws:s3:::x-*' OR tag.env IN (dev, 'test'))`.
//!
//! Parsed once, with positions in errors. What fields there are, whoever has them says: see [`Grammar`].

/// The longest filter, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;
/// How deep parentheses and NOTs may be nested.
pub const MAX_DEPTH: usize = 64;

/// The text is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {}: {message}", self.column())]
pub struct FilterError {
    /// The filter as it was given; its beginning, when it is too long.
    pub text: String,
    /// Byte position in the text.
    pub at: usize,
    pub message: String,
}

impl FilterError {
    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.text.get(..self.at).map_or(1, |before| before.chars().count() + 1)
    }
}

/// A filter over fields of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term<F> {
    Any(Vec<Term<F>>),
    All(Vec<Term<F>>),
    Not(Box<Term<F>>),
    /// One of the field's values is one of these.
    Equals(F, Vec<String>),
    Glob(F, String),
    /// The field has no value.
    Null(F),
    /// The field is a number on this side of the one that is written here.
    Compare(F, Side, String),
}

/// Which side of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Less,
    AtMost,
    More,
    AtLeast,
}

/// The fields of one kind of thing.
pub trait Grammar {
    type Field: Clone;

    /// Takes the field that is next.
    fn field(&self, words: &mut Words<'_>) -> Result<Self::Field, FilterError>;

    /// A value that the field can have: what could never match is better refused.
    fn value(&self, field: &Self::Field, value: String) -> Result<String, String> {
        let _ = field;
        Ok(value)
    }

    /// Whether some field is a number: `<`, `<=`, `>` and `>=` are known then.
    fn has_numbers(&self) -> bool {
        false
    }
}

impl<F> Term<F> {
    /// Reads a filter.
    pub fn parse<G: Grammar<Field = F>>(grammar: &G, text: &str) -> Result<Self, FilterError>
    where
        F: Clone,
    {
        if text.len() > MAX_LENGTH {
            let shown = text.chars().take(80).collect();
            let message = format!("the filter has {} bytes; the limit is {MAX_LENGTH}", text.len());
            return Err(FilterError { text: shown, at: 0, message });
        }
        let mut parser = Parser { grammar, words: Words { text, at: 0 }, depth: 0 };
        let root = parser.any()?;
        parser.words.space();
        if parser.words.at < text.len() {
            return Err(parser.words.error("expected AND, OR or the end"));
        }
        Ok(root)
    }

    /// Every field, in order; some more than once.
    pub fn fields(&self, each: &mut dyn FnMut(&F)) {
        match self {
            Term::Any(terms) | Term::All(terms) => terms.iter().for_each(|term| term.fields(each)),
            Term::Not(term) => term.fields(each),
            Term::Equals(field, _) | Term::Glob(field, _) | Term::Null(field) | Term::Compare(field, ..) => each(field),
        }
    }
}

/// The text of a filter, read word by word.
pub struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Passes over white space.
    pub fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Where the next word is, for [`Words::error_at`].
    pub fn place(&self) -> usize {
        self.at
    }

    pub fn error_at(&self, at: usize, message: impl Into<String>) -> FilterError {
        FilterError { text: self.text.to_owned(), at, message: message.into() }
    }

    pub fn error(&self, message: impl Into<String>) -> FilterError {
        self.error_at(self.at, message)
    }

    /// Takes a sign such as `(` or `!=`, when it is next.
    fn sign(&mut self, sign: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    /// The letters, digits and signs that may stand without quotes.
    pub fn word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "_-.:/@+".contains(c))).unwrap_or(rest.len());
        &rest[..end]
    }

    /// Passes over so many bytes of the word that is next.
    pub fn take(&mut self, bytes: usize) {
        self.at += bytes;
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        self.space();
        let found = self.word().eq_ignore_ascii_case(keyword);
        if found {
            self.at += keyword.len();
        }
        found
    }

    fn value(&mut self) -> Result<String, FilterError> {
        self.space();
        if self.is_quoted() {
            return self.quoted();
        }
        let word = self.word();
        if word.is_empty() {
            return Err(self.error("expected a value such as 'prod'"));
        }
        self.at += word.len();
        Ok(word.to_owned())
    }

    pub fn is_quoted(&self) -> bool {
        self.rest().starts_with('\'')
    }

    /// `'text'`; a quote inside is written twice.
    pub fn quoted(&mut self) -> Result<String, FilterError> {
        let open = self.at;
        let mut value = String::new();
        self.at += 1;
        loop {
            let Some(end) = self.rest().find('\'') else {
                return Err(self.error_at(open, "this text has no closing quote"));
            };
            value.push_str(&self.rest()[..end]);
            self.at += end + 1;
            if !self.rest().starts_with('\'') {
                return Ok(value);
            }
            value.push('\'');
            self.at += 1;
        }
    }
}

struct Parser<'g, 'a, G> {
    grammar: &'g G,
    words: Words<'a>,
    depth: usize,
}

impl<G: Grammar> Parser<'_, '_, G> {
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, FilterError>) -> Result<T, FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.words.error(format!("the filter is nested deeper than {MAX_DEPTH}")));
        }
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn any(&mut self) -> Result<Term<G::Field>, FilterError> {
        let mut terms = vec![self.all()?];
        while self.words.keyword("OR") {
            terms.push(self.all()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::Any(terms) })
    }

    fn all(&mut self) -> Result<Term<G::Field>, FilterError> {
        let mut terms = vec![self.one()?];
        while self.words.keyword("AND") {
            terms.push(self.one()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::All(terms) })
    }

    fn one(&mut self) -> Result<Term<G::Field>, FilterError> {
        if self.words.keyword("NOT") {
            return Ok(Term::Not(Box::new(self.deeper(Self::one)?)));
        }
        let open = self.words.at;
        if self.words.sign("(") {
            let inner = self.deeper(Self::any)?;
            if !self.words.sign(")") {
                let column = self.words.text[..open].chars().count() + 1;
                return Err(self.words.error(format!("expected `)` for the `(` of column {column}")));
            }
            return Ok(inner);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Term<G::Field>, FilterError> {
        self.words.space();
        let field = self.grammar.field(&mut self.words)?;
        let not = |term| Term::Not(Box::new(term));
        if self.words.sign("!=") || self.words.sign("<>") {
            Ok(not(Term::Equals(field.clone(), vec![self.value(&field)?])))
        } else if self.words.sign("=") {
            Ok(Term::Equals(field.clone(), vec![self.value(&field)?]))
        } else if self.words.sign("!~") {
            Ok(not(Term::Glob(field, self.words.value()?)))
        } else if self.words.sign("~") {
            Ok(Term::Glob(field, self.words.value()?))
        } else if let Some(side) = self.side() {
            self.words.space();
            let at = self.words.at;
            let number = self.words.value()?;
            let is_number = number.parse::<f64>().is_ok_and(f64::is_finite);
            let wrong = || self.words.error_at(at, format!("`{number}` is not a number"));
            if is_number { Ok(Term::Compare(field, side, number)) } else { Err(wrong()) }
        } else if self.words.keyword("NOT") {
            if !self.words.keyword("IN") {
                return Err(self.words.error("expected IN after NOT"));
            }
            Ok(not(self.list(field)?))
        } else if self.words.keyword("IN") {
            self.list(field)
        } else if self.words.keyword("IS") {
            let negated = self.words.keyword("NOT");
            if !self.words.keyword("NULL") {
                return Err(self.words.error("expected NULL after IS"));
            }
            Ok(if negated { not(Term::Null(field)) } else { Term::Null(field) })
        } else {
            Err(self.words.error(if self.grammar.has_numbers() {
                "expected =, !=, ~ (a glob), !~, IN, IS NULL, <, <=, > or >="
            } else {
                "expected =, !=, ~ (a glob), !~, IN or IS NULL"
            }))
        }
    }

    fn side(&mut self) -> Option<Side> {
        let known = [("<=", Side::AtMost), (">=", Side::AtLeast), ("<", Side::Less), (">", Side::More)];
        let numbers = self.grammar.has_numbers();
        known.into_iter().filter(|_| numbers).find(|(sign, _)| self.words.sign(sign)).map(|(_, side)| side)
    }

    fn list(&mut self, field: G::Field) -> Result<Term<G::Field>, FilterError> {
        if !self.words.sign("(") {
            return Err(self.words.error("expected `(` after IN"));
        }
        let mut values = vec![self.value(&field)?];
        while self.words.sign(",") {
            values.push(self.value(&field)?);
        }
        if !self.words.sign(")") {
            return Err(self.words.error("expected `,` or `)`"));
        }
        Ok(Term::Equals(field, values))
    }

    fn value(&mut self, field: &G::Field) -> Result<String, FilterError> {
        self.words.space();
        let at = self.words.at;
        let value = self.words.value()?;
        self.grammar.value(field, value).map_err(|message| self.words.error_at(at, message))
    }
}
