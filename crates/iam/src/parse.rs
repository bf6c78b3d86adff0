//! From JSON text to [`Policy`]: a descent over the fixed grammar of policies, so nothing nests deeper than
//! the grammar does and every fault is told with its place.

use std::collections::HashSet;

use crate::error::{PolicyError, PolicyErrorKind as Kind};
use crate::fault::{Fault, FaultKind};
use crate::operator::{Operator, nearest_name};
use crate::policy::{ConditionData, Effect, Listing, Policy, PrincipalKind, Run, StatementData, Version, Word};
use crate::position::Span;
use crate::reader::{Escapes, Raw, Reader};

/// The largest document that is read: 16 MiB. AWS's own largest policy (a KMS key's) is 32 KiB.
pub const MAX_DOCUMENT_BYTES: usize = 16 << 20;

/// A document with more statements at fault is no policy. (Telling the place of each reads the text.)
const MAX_FAULTS: usize = 64;

/// From this many members on, duplicate keys are found with a hash set.
const LINEAR_MEMBERS: usize = 16;

const POLICY: &str = "the policy";
const STATEMENT: &str = "a statement";
const POLICY_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
const PRINCIPAL_KINDS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

impl Policy {
    /// Parses one JSON policy document.
    ///
    /// `Statement` may be an object or a list, and every list of strings a single string. Values of
    /// conditions may also be numbers and booleans. Time and memory grow linearly with the text, which may
    /// have up to [`MAX_DOCUMENT_BYTES`].
    ///
    /// # Errors
    /// Whatever AWS would refuse to store as a policy, with its place: not JSON, a duplicate, unknown or
    /// missing element, an unknown operator or version. Whether actions and ARNs exist is not looked at.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        if text.len() > MAX_DOCUMENT_BYTES {
            let kind = Kind::TooLarge { bytes: text.len(), limit: MAX_DOCUMENT_BYTES };
            return Err(PolicyError::new(text, Span::default(), kind));
        }
        if text.starts_with('\u{feff}') {
            return Err(PolicyError::new(text, Span::new(0, 3), Kind::ByteOrderMark));
        }
        Ok(Parser::new(text, Strictness::Strict).policy()?.0)
    }

    /// Parses one JSON policy document and lets single statements be wrong: an unknown operator, a wrong type, an
    /// unknown or missing element. Such a statement keeps its effect and `Sid`, matches nothing, and is told.
    ///
    /// # Errors
    /// As [`Policy::parse`] for what is not JSON, or is wrong outside the statements.
    pub fn parse_tolerant(text: &str) -> Result<(Policy, Vec<Fault>), PolicyError> {
        if text.len() > MAX_DOCUMENT_BYTES || text.starts_with('\u{feff}') {
            return Policy::parse(text).map(|policy| (policy, Vec::new()));
        }
        Parser::new(text, Strictness::Tolerant).policy()
    }
}

/// What becomes of a statement that AWS would refuse.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// An error.
    Strict,
    /// A fault.
    Tolerant,
}

struct Parser<'t> {
    reader: Reader<'t>,
    policy: Policy,
    strictness: Strictness,
    faults: Vec<Fault>,
}

/// What has been seen of a statement so far.
#[derive(Default)]
struct Draft {
    sid: Option<Word>,
    effect: Option<Effect>,
    principals: Option<(Listing, Run)>,
    actions: Option<(Listing, Run)>,
    resources: Option<(Listing, Run)>,
    conditions: Option<Run>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, strictness: Strictness) -> Parser<'t> {
        // The buffer is the text; strings with escapes add their (shorter) meaning behind it.
        let mut buffer = String::with_capacity(text.len());
        buffer.push_str(text);
        let policy = Policy {
            buffer,
            text_len: text.len(),
            version: Version::Absent,
            id: None,
            words: Vec::with_capacity((text.len() / 64).clamp(4, 1 << 16)),
            principals: Vec::new(),
            conditions: Vec::new(),
            statements: Vec::new(),
        };
        Parser { reader: Reader::new(text), policy, strictness, faults: Vec::new() }
    }

    fn policy(mut self) -> Result<(Policy, Vec<Fault>), PolicyError> {
        self.reader.expect(b'{', "`{`, the begin of a policy")?;
        let mut seen: [bool; POLICY_ELEMENTS.len()] = [false; POLICY_ELEMENTS.len()];
        let mut first = true;
        while let Some((key, span)) = self.member(&mut first)? {
            let element = self.element(key, span, &POLICY_ELEMENTS, POLICY)?;
            if std::mem::replace(&mut seen[element], true) {
                return Err(self.duplicate(key, span));
            }
            match element {
                0 => self.policy.version = self.version()?,
                1 => self.policy.id = Some(self.word("Id")?),
                _ => self.statements()?,
            }
        }
        if !seen[2] {
            let end = self.reader.at();
            return Err(self
                .reader
                .error(Span::new(0, end), Kind::MissingElement { name: "Statement", place: POLICY }));
        }
        self.reader.finish()?;
        self.policy.statements.shrink_to_fit();
        self.policy.words.shrink_to_fit();
        Ok((self.policy, self.faults))
    }

    fn version(&mut self) -> Result<Version, PolicyError> {
        let word = self.word("Version")?;
        match self.policy.str(word) {
            "2012-10-17" => Ok(Version::V2012),
            "2008-10-17" => Ok(Version::V2008),
            text => Err(self.bad_value(
                "Version",
                text,
                word.span(),
                "\"2012-10-17\" or \"2008-10-17\"",
                &["2012-10-17", "2008-10-17"],
            )),
        }
    }

    fn effect(&mut self) -> Result<Effect, PolicyError> {
        let word = self.word("Effect")?;
        match self.policy.str(word) {
            "Allow" => Ok(Effect::Allow),
            "Deny" => Ok(Effect::Deny),
            text => Err(self.bad_value("Effect", text, word.span(), "\"Allow\" or \"Deny\"", &["Allow", "Deny"])),
        }
    }

    fn statements(&mut self) -> Result<(), PolicyError> {
        if self.reader.peek() == Some(b'{') {
            return self.statement();
        }
        self.reader.expect(b'[', "a statement or a list of statements")?;
        if self.reader.take(b']') {
            return Ok(());
        }
        loop {
            self.statement()?;
            if self.reader.take(b']') {
                return Ok(());
            }
            self.reader.expect(b',', "`,` or `]` after a statement")?;
        }
    }

    fn statement(&mut self) -> Result<(), PolicyError> {
        self.reader.peek();
        let start = self.reader.at();
        let kept = (self.policy.words.len(), self.policy.principals.len(), self.policy.conditions.len());
        let Err(error) = self.strict_statement() else { return Ok(()) };
        let tolerated = self.strictness == Strictness::Tolerant && self.faults.len() < MAX_FAULTS;
        if !tolerated || !error.kind().is_about_policy() {
            return Err(error);
        }
        let (words, principals, conditions) = kept;
        self.policy.words.truncate(words);
        self.policy.principals.truncate(principals);
        self.policy.conditions.truncate(conditions);
        self.reader.go_to(start);
        self.wrong_statement(error)
    }

    /// Passes over a statement at fault, and keeps what of it can be read: its effect and `Sid`.
    fn wrong_statement(&mut self, error: PolicyError) -> Result<(), PolicyError> {
        self.reader.peek();
        let start = self.reader.at();
        let (mut effect, mut sid) = (Effect::Allow, None);
        if self.reader.take(b'{') {
            let mut first = true;
            while let Some((key, _)) = self.member(&mut first)? {
                let name = self.key_text(key)?;
                let is_string = self.reader.peek() == Some(b'"');
                if is_string && name.eq_ignore_ascii_case("Effect") {
                    let word = self.word("Effect")?;
                    if self.policy.str(word).eq_ignore_ascii_case("Deny") {
                        effect = Effect::Deny;
                    }
                } else if is_string && name == "Sid" {
                    sid = Some(self.word("Sid")?);
                } else {
                    self.reader.skip_value()?;
                }
            }
        } else {
            self.reader.skip_value()?;
        }
        let span = Span::new(start, self.reader.at());
        self.faults.push(Fault {
            statement: self.policy.statements.len(),
            effect,
            span: error.span(),
            position: error.position(),
            kind: FaultKind::Refused(error.into_kind()),
        });
        self.policy.statements.push(StatementData {
            span,
            sid,
            effect,
            principals: None,
            actions: (Listing::Only, Run::default()),
            resources: None,
            conditions: Run::default(),
        });
        Ok(())
    }

    fn strict_statement(&mut self) -> Result<(), PolicyError> {
        self.reader.expect(b'{', "`{`, the begin of a statement")?;
        let start = self.reader.at() - 1;
        let mut seen: [bool; STATEMENT_ELEMENTS.len()] = [false; STATEMENT_ELEMENTS.len()];
        let mut draft = Draft::default();
        let mut first = true;
        while let Some((key, span)) = self.member(&mut first)? {
            let element = self.element(key, span, &STATEMENT_ELEMENTS, STATEMENT)?;
            if std::mem::replace(&mut seen[element], true) {
                return Err(self.duplicate(key, span));
            }
            // 2 and 3, 4 and 5, 6 and 7 are the two forms of one element.
            if (2..8).contains(&element) && seen[element ^ 1] {
                let kind =
                    Kind::Conflict { first: STATEMENT_ELEMENTS[element & !1], second: STATEMENT_ELEMENTS[element | 1] };
                return Err(self.reader.error(span, kind));
            }
            let listing = if element & 1 == 0 { Listing::Only } else { Listing::Except };
            let name = STATEMENT_ELEMENTS[element];
            match element {
                0 => draft.sid = Some(self.word(name)?),
                1 => draft.effect = Some(self.effect()?),
                2 | 3 => draft.principals = Some((listing, self.principals(name)?)),
                4 | 5 => draft.actions = Some((listing, self.strings(name)?)),
                6 | 7 => draft.resources = Some((listing, self.strings(name)?)),
                _ => draft.conditions = Some(self.conditions()?),
            }
        }
        let span = Span::new(start, self.reader.at());
        let missing = |name| self.reader.error(span, Kind::MissingElement { name, place: STATEMENT });
        let effect = draft.effect.ok_or_else(|| missing("Effect"))?;
        let actions = draft.actions.ok_or_else(|| missing("Action"))?;
        self.policy.statements.push(StatementData {
            span,
            sid: draft.sid,
            effect,
            principals: draft.principals,
            actions,
            resources: draft.resources,
            conditions: draft.conditions.unwrap_or_default(),
        });
        Ok(())
    }

    fn principals(&mut self, name: &'static str) -> Result<Run, PolicyError> {
        let start = self.policy.principals.len() as u32;
        if self.reader.peek() == Some(b'"') {
            let word = self.word(name)?;
            let text = self.policy.str(word);
            if !matches!(text, "*" | "") {
                let span = word.span();
                return Err(self.bad_value(
                    name,
                    text,
                    span,
                    "\"*\" or an object such as {\"AWS\": \"111122223333\"}",
                    &[],
                ));
            }
            self.policy.principals.push((PrincipalKind::Bare, word));
            return Ok(Run { start, end: start + 1 });
        }
        self.reader.expect(b'{', "\"*\" or an object with the principals")?;
        let mut seen: [bool; PRINCIPAL_KINDS.len()] = [false; PRINCIPAL_KINDS.len()];
        let mut first = true;
        while let Some((key, span)) = self.member(&mut first)? {
            let element = self.element(key, span, &PRINCIPAL_KINDS, "a principal")?;
            if std::mem::replace(&mut seen[element], true) {
                return Err(self.duplicate(key, span));
            }
            let kind =
                [PrincipalKind::Aws, PrincipalKind::Service, PrincipalKind::Federated, PrincipalKind::CanonicalUser]
                    [element];
            self.one_or_list(|parser| {
                let word = parser.word(name)?;
                parser.policy.principals.push((kind, word));
                Ok(())
            })?;
        }
        Ok(Run { start, end: self.policy.principals.len() as u32 })
    }

    fn conditions(&mut self) -> Result<Run, PolicyError> {
        self.reader.expect(b'{', "`{`, the begin of the conditions")?;
        let start = self.policy.conditions.len();
        // There are about 160 operators, so this stays short whatever the document holds.
        let mut operators: Vec<Operator> = Vec::new();
        let mut first = true;
        while let Some((key, span)) = self.member(&mut first)? {
            let name = self.key_text(key)?;
            let Some(operator) = Operator::parse(&name) else {
                let suggestion = Operator::nearest(&name);
                return Err(self.reader.error(span, Kind::UnknownOperator { name: clip(&name), suggestion }));
            };
            if operators.contains(&operator) {
                return Err(self.duplicate(key, span));
            }
            operators.push(operator);
            self.condition_keys(operator)?;
        }
        Ok(Run { start: start as u32, end: self.policy.conditions.len() as u32 })
    }

    fn condition_keys(&mut self, operator: Operator) -> Result<(), PolicyError> {
        self.reader.expect(b'{', "`{`, an object of condition keys")?;
        let from = self.policy.conditions.len();
        let mut many: Option<HashSet<Box<str>>> = None;
        let mut first = true;
        while let Some((key, span)) = self.member(&mut first)? {
            let word = self.keep(key)?;
            let name = self.policy.str(word);
            let earlier = &self.policy.conditions[from..];
            let repeated = match &mut many {
                Some(set) => !set.insert(name.into()),
                None => earlier.iter().any(|condition| self.policy.str(condition.key) == name),
            };
            if repeated {
                return Err(self.duplicate(key, span));
            }
            if many.is_none() && earlier.len() >= LINEAR_MEMBERS {
                let mut set: HashSet<Box<str>> =
                    earlier.iter().map(|condition| self.policy.str(condition.key).into()).collect();
                set.insert(name.into());
                many = Some(set);
            }
            let values = self.condition_values()?;
            self.policy.conditions.push(ConditionData { operator, key: word, values });
        }
        Ok(())
    }

    fn condition_values(&mut self) -> Result<Run, PolicyError> {
        let start = self.policy.words.len() as u32;
        self.one_or_list(|parser| {
            let word = match parser.reader.peek() {
                Some(b'"') => parser.word("Condition")?,
                Some(b'n') => return Err(parser.not_string("Condition")),
                _ => {
                    let Span { start, end } = parser.reader.plain_scalar()?;
                    Word { start: start as u32, len: (end - start) as u32, at: start as u32, end: end as u32 }
                }
            };
            parser.policy.words.push(word);
            Ok(())
        })?;
        Ok(Run { start, end: self.policy.words.len() as u32 })
    }

    fn strings(&mut self, name: &'static str) -> Result<Run, PolicyError> {
        let start = self.policy.words.len() as u32;
        self.one_or_list(|parser| {
            let word = parser.word(name)?;
            parser.policy.words.push(word);
            Ok(())
        })?;
        Ok(Run { start, end: self.policy.words.len() as u32 })
    }

    /// Reads `x` or `[x, ...]`, where `one` reads x.
    fn one_or_list(&mut self, mut one: impl FnMut(&mut Self) -> Result<(), PolicyError>) -> Result<(), PolicyError> {
        if !self.reader.take(b'[') {
            return one(self);
        }
        if self.reader.take(b']') {
            return Ok(());
        }
        loop {
            one(self)?;
            if self.reader.take(b']') {
                return Ok(());
            }
            self.reader.expect(b',', "`,` or `]` in a list")?;
        }
    }

    /// The next key of an object, after its comma and with its colon; `None` at the end of the object.
    fn member(&mut self, first: &mut bool) -> Result<Option<(Raw, Span)>, PolicyError> {
        if self.reader.take(b'}') {
            return Ok(None);
        }
        if !std::mem::replace(first, false) {
            self.reader.expect(b',', "`,` or `}`")?;
        }
        let key = self.reader.string("a name in quotes")?;
        self.reader.expect(b':', "`:`")?;
        Ok(Some((key, key.span())))
    }

    /// Which of `names` the key is.
    fn element(&self, key: Raw, span: Span, names: &[&'static str], place: &'static str) -> Result<usize, PolicyError> {
        let raw = &self.reader.text()[key.start..key.end];
        if key.escapes == Escapes::None
            && let Some(found) = names.iter().position(|&name| name == raw)
        {
            return Ok(found);
        }
        let name = self.key_text(key)?;
        names.iter().position(|&known| known == name).ok_or_else(|| {
            let suggestion = nearest_name(&name, names);
            self.reader.error(span, Kind::UnknownElement { name: clip(&name), place, suggestion })
        })
    }

    fn key_text(&self, key: Raw) -> Result<std::borrow::Cow<'t, str>, PolicyError> {
        if key.escapes == Escapes::None {
            return Ok(self.reader.text()[key.start..key.end].into());
        }
        let mut text = String::new();
        self.reader.unescape(key, &mut text)?;
        Ok(text.into())
    }

    /// Reads a string value of `element`.
    fn word(&mut self, element: &'static str) -> Result<Word, PolicyError> {
        match self.reader.peek() {
            Some(b'"') => {}
            Some(b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => return Err(self.not_string(element)),
            _ => return Err(self.reader.unexpected("a string")),
        }
        let raw = self.reader.string("a string")?;
        self.keep(raw)
    }

    /// Keeps a string that was read.
    fn keep(&mut self, raw: Raw) -> Result<Word, PolicyError> {
        let Span { start: at, end } = raw.span();
        let (start, len) = match raw.escapes {
            Escapes::None => (raw.start, raw.end - raw.start),
            Escapes::Some => {
                let start = self.policy.buffer.len();
                self.reader.unescape(raw, &mut self.policy.buffer)?;
                (start, self.policy.buffer.len() - start)
            }
        };
        // All offsets fit: the text and the decoded strings together are at most twice the limit.
        Ok(Word { start: start as u32, len: len as u32, at: at as u32, end: end as u32 })
    }

    fn duplicate(&self, key: Raw, span: Span) -> PolicyError {
        let key = self.key_text(key).map_or_else(|_| String::new(), |key| clip(&key));
        self.reader.error(span, Kind::DuplicateKey { key })
    }

    fn not_string(&mut self, element: &'static str) -> PolicyError {
        let found = self.reader.peek().map_or_else(String::new, |byte| self.reader.describe(byte));
        let at = self.reader.at();
        let end = self.reader.plain_scalar().map_or(at + 1, |span| span.end);
        self.reader.error(Span::new(at, end), Kind::NotString { element, found })
    }

    fn bad_value(
        &self,
        element: &'static str,
        text: &str,
        span: Span,
        allowed: &'static str,
        candidates: &[&'static str],
    ) -> PolicyError {
        let suggestion = nearest_name(text, candidates);
        self.reader.error(span, Kind::BadValue { element, found: clip(text), allowed, suggestion })
    }
}

/// Names in messages are kept short, whatever the document holds.
fn clip(name: &str) -> String {
    const LONGEST: usize = 64;
    match name.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &name[..at]),
        None => name.to_owned(),
    }
}
