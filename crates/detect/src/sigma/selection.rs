//! Sigma's `detection` section: selections as maps, lists of maps and keywords, their values and modifiers.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::ops::Range;

use haechi_content::yaml::{Node, NodeValue, Style};
use haechi_content::{Diagnostic, Need, Source};

use super::condition::Condition;
use super::modifier::{Comparison, Modifier, TimePart, Utf16};
use super::pattern::{Case, Pattern, Piece, REGEX_BYTES, Shape, regex};
use crate::policy::PolicyTest;

/// Whose rule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sigma,
    /// A detection file: `|list`, `|outside` and `|trusted` are known too.
    Detection,
}

/// Values for placeholders (`%name%` with `|expand`).
pub type Placeholders = BTreeMap<String, Vec<String>>;

/// Selections and what must hold of them.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub steps: Vec<Step>,
    /// None when there is none: all selections are steps of a sequence then.
    pub condition: Option<Condition>,
}

/// A selection by its name.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub name: Box<str>,
    pub body: Body,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    All(Vec<Body>),
    Any(Vec<Body>),
    Item(Item),
}

/// A field and what its values must be.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// None: the whole record is searched.
    pub field: Option<Box<str>>,
    pub tests: Vec<Test>,
    pub join: Join,
    /// None of it may hold.
    pub negated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    Any,
    All,
}

impl Body {
    /// The lists that it asks for.
    pub(crate) fn lists(&self, found: &mut Vec<Need>) {
        match self {
            Body::All(parts) | Body::Any(parts) => parts.iter().for_each(|part| part.lists(found)),
            Body::Item(item) => {
                for test in &item.tests {
                    if let Test::List(need) | Test::Outside(need) = test
                        && !found.contains(need)
                    {
                        found.push(*need);
                    }
                }
            }
        }
    }
}

/// One test of a field's values.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// There is none, or null.
    Null,
    Exists(bool),
    Text(Shape),
    /// Addresses of these ranges: number of the first and the last.
    Cidr(Vec<(u128, u128)>),
    Compare(Comparison, f64),
    Part(TimePart, Comparison, f64),
    /// It equals (contains, ...) another field's value.
    Field {
        other: Box<str>,
        how: FieldShape,
        case: Case,
    },
    List(Need),
    /// An address that is not on the list.
    Outside(Need),
    /// An address that the user trusts, or one that is not trusted.
    Trusted(bool),
    Policy(PolicyTest),
    /// Of a pod's spec: a path of the node that is mounted to be written to.
    Mounts(Vec<Shape>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FieldShape {
    Equals,
    Starts,
    Ends,
    Contains,
}

/// Bytes of one value.
const LONGEST_VALUE: usize = 16 << 10;
/// Values that one value may unfold to.
const MOST_VARIANTS: usize = 1_000;

/// Reads the section at `node`.
pub(crate) struct Reader<'s> {
    pub source: &'s Source,
    pub dialect: Dialect,
    pub placeholders: &'s Placeholders,
    pub problems: Vec<Diagnostic>,
}

/// Why a value is refused, and where.
type Refused = Diagnostic;

impl<'s> Reader<'s> {
    pub(crate) fn new(source: &'s Source, dialect: Dialect, placeholders: &'s Placeholders) -> Self {
        Self { source, dialect, placeholders, problems: Vec::new() }
    }

    fn at(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(span, message)
    }

    /// Reads selections and condition. Everything that is wrong is in `problems`.
    pub(crate) fn search(&mut self, node: &Node) -> Option<Search> {
        let before = self.problems.len();
        let Some(entries) = node.entries() else {
            let problem = self.at(node.span(), "selections and a `condition` are expected here");
            self.problems.push(problem);
            return None;
        };
        let mut steps = Vec::new();
        let mut condition_at = None;
        for (key, value) in entries {
            match key.text().unwrap_or_default() {
                "condition" => condition_at = Some(value),
                // Of rules that were written before correlations.
                "timeframe" => {
                    let problem = self.at(key.span(), "`timeframe` belongs to counts in conditions, which are gone");
                    self.problems.push(problem.help("write a correlation with a `timespan`"));
                }
                name => {
                    let body = self.body(value);
                    steps.push(Step { name: name.into(), body });
                }
            }
        }
        if steps.is_empty() && self.problems.len() == before {
            let problem = self.at(node.span(), "it has no selection");
            self.problems.push(problem);
        }
        let condition = condition_at.and_then(|node| self.condition(node, &steps));
        (self.problems.len() == before).then_some(Search { steps, condition })
    }

    fn condition(&mut self, node: &Node, steps: &[Step]) -> Option<Condition> {
        let names: Vec<&str> = steps.iter().map(|step| &*step.name).collect();
        let mut one = |node: &Node| {
            let Some(text) = node.text() else {
                let problem = self.source.diagnostic(node.span(), "a condition is a text");
                self.problems.push(problem);
                return None;
            };
            match Condition::parse(text, &names) {
                Ok(condition) => Some(condition),
                Err(wrong) => {
                    let start = node.place_of(self.source, wrong.at.start);
                    let end = node.place_of(self.source, wrong.at.end).max(start);
                    let mut problem = self.source.diagnostic(start..end, wrong.what);
                    if let Some(help) = wrong.help {
                        problem = problem.help(help);
                    }
                    if let Some(unknown) = wrong.unknown {
                        problem = problem.suggest(&unknown, names.iter().copied());
                    }
                    self.problems.push(problem);
                    None
                }
            }
        };
        match &node.value {
            // Several: each is a search of its own, so one of them suffices.
            NodeValue::List(list) => Some(Condition::Any(list.iter().filter_map(one).collect())),
            _ => one(node),
        }
    }

    fn body(&mut self, node: &Node) -> Body {
        match &node.value {
            NodeValue::Map(entries) => {
                if entries.is_empty() {
                    let problem = self.at(node.span(), "the selection is empty");
                    self.problems.push(problem);
                }
                Body::All(entries.iter().filter_map(|(key, value)| self.item(key, value)).map(Body::Item).collect())
            }
            NodeValue::List(list) => {
                if list.is_empty() {
                    let problem = self.at(node.span(), "the selection is empty");
                    self.problems.push(problem);
                }
                let parts = list.iter().map(|part| match &part.value {
                    NodeValue::Scalar { .. } => self.keyword(part),
                    NodeValue::List(_) => {
                        let problem = self.at(part.span(), "a list in a list has no meaning here");
                        self.problems.push(problem);
                        Body::Any(Vec::new())
                    }
                    NodeValue::Map(_) => self.body(part),
                });
                Body::Any(parts.collect())
            }
            NodeValue::Scalar { .. } => self.keyword(node),
        }
    }

    fn keyword(&mut self, node: &Node) -> Body {
        let tests = self.values(None, &[], node);
        Body::Item(Item { field: None, tests, join: Join::Any, negated: false })
    }

    /// `field|modifier|...: value or values`
    fn item(&mut self, key: &Node, value: &Node) -> Option<Item> {
        let name = key.text().unwrap_or_default();
        let mut parts = name.split('|');
        let field = parts.next().unwrap_or_default();
        let mut modifiers = Vec::new();
        let mut offset = field.len() + 1;
        for part in parts {
            let start = key.place_of(self.source, offset);
            offset += part.len() + 1;
            match part.parse::<Modifier>() {
                Ok(modifier) if !modifier.is_own() || self.dialect == Dialect::Detection => modifiers.push(modifier),
                Ok(_) => {
                    let what = format!("`{part}` is a modifier of Haechi's detection files, not of Sigma");
                    let problem = self.at(start..start + part.len(), what);
                    self.problems.push(problem);
                    return None;
                }
                Err(()) => {
                    let problem = self.at(start..start + part.len(), format!("there is no modifier `{part}`"));
                    self.problems.push(problem.suggest(part, Modifier::names()));
                    return None;
                }
            }
        }
        if let Some(what) = wrong_path(field).filter(|_| !field.is_empty()) {
            let problem = self.at(key.span(), what);
            self.problems.push(problem);
            return None;
        }
        let field = (!field.is_empty()).then(|| field.into());
        if field.is_none() && modifiers.iter().any(|modifier| wants_field(*modifier)) {
            let problem = self.at(key.span(), "this modifier wants a field before it");
            self.problems.push(problem);
            return None;
        }
        let tests = self.values(field.as_deref(), &modifiers, value);
        let join = if modifiers.contains(&Modifier::All) { Join::All } else { Join::Any };
        Some(Item { field, tests, join, negated: modifiers.contains(&Modifier::Differs) })
    }

    fn values(&mut self, field: Option<&str>, modifiers: &[Modifier], node: &Node) -> Vec<Test> {
        let nodes = match &node.value {
            NodeValue::List(list) if list.is_empty() => {
                let problem = self.at(node.span(), "the list of values is empty");
                self.problems.push(problem);
                return Vec::new();
            }
            NodeValue::List(list) => list.iter().collect(),
            _ => vec![node],
        };
        let join_all = modifiers.contains(&Modifier::All);
        let mut tests = Vec::new();
        let mut shapes = Vec::new();
        for node in nodes {
            match self.value(field, modifiers, node) {
                Ok(found) => {
                    for test in found {
                        match test {
                            Test::Text(shape) if !join_all => shapes.push(shape),
                            other => tests.push(other),
                        }
                    }
                }
                Err(problem) => self.problems.push(problem),
            }
        }
        let shapes = Shape::joined(shapes);
        if modifiers.contains(&Modifier::Mounts) {
            tests.push(Test::Mounts(shapes));
        } else {
            tests.extend(shapes.into_iter().map(Test::Text));
        }
        tests
    }

    /// The tests of one value: several when it stands for several.
    fn value(&self, field: Option<&str>, modifiers: &[Modifier], node: &Node) -> Result<Vec<Test>, Refused> {
        let wrong = |message: &str| Err(self.at(node.span(), message));
        let NodeValue::Scalar { text, style } = &node.value else {
            return wrong("a value is a text, a number, true, false or null");
        };
        if text.len() > LONGEST_VALUE {
            return wrong("a value has at most 16 KiB");
        }
        let plan = self.plan(modifiers, node)?;
        if node.is_null() {
            return match plan.kind {
                Kind::Text if field.is_some() && plan.is_bare() => Ok(vec![Test::Null]),
                _ => wrong("null stands alone: a field without modifiers"),
            };
        }
        let truth = match (style, text.as_str()) {
            (Style::Plain, "true" | "True" | "TRUE") => Some(true),
            (Style::Plain, "false" | "False" | "FALSE") => Some(false),
            _ => None,
        };
        let number = || text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        let needed = |name: &str| {
            let need = Need::ALL.into_iter().find(|need| need.as_str() == name);
            need.filter(|need| !matches!(need, Need::Geo | Need::Asn | Need::Inventory)).ok_or_else(|| {
                let problem = self.at(node.span(), format!("there is no list `{name}`"));
                problem.suggest(name, Need::ALL.iter().map(|need| need.as_str()))
            })
        };
        match plan.kind {
            Kind::Exists => match truth {
                Some(truth) => Ok(vec![Test::Exists(truth)]),
                None => wrong("`exists` is true or false"),
            },
            Kind::Trusted => match truth {
                Some(truth) => Ok(vec![Test::Trusted(truth)]),
                None => wrong("`trusted` is true or false"),
            },
            Kind::Policy => match PolicyTest::named(text) {
                Some(test) => Ok(vec![Test::Policy(test)]),
                None => {
                    let problem = self.at(node.span(), format!("there is no question `{text}` about a policy"));
                    Err(problem.suggest(text, PolicyTest::ALL.iter().map(|test| test.as_str())))
                }
            },
            Kind::List => needed(text).map(|need| vec![Test::List(need)]),
            Kind::Outside => needed(text).map(|need| vec![Test::Outside(need)]),
            Kind::Cidr => match crate::intel::range(text.trim()) {
                Some(range) => Ok(vec![Test::Cidr(vec![range])]),
                None => wrong("no range of addresses such as 10.0.0.0/8 or 2001:db8::/32"),
            },
            Kind::Compare(comparison) => match number() {
                Some(limit) => Ok(vec![Test::Compare(comparison, limit)]),
                None => wrong("a number is expected here"),
            },
            Kind::Part(part, comparison) => match number() {
                Some(limit) => Ok(vec![Test::Part(part, comparison, limit)]),
                None => wrong("a number is expected here"),
            },
            Kind::Field => match wrong_path(text) {
                Some(what) => wrong(&what),
                None => Ok(vec![Test::Field { other: text.as_str().into(), how: plan.field_shape(), case: plan.case }]),
            },
            Kind::Regex => self.regex(&plan, node, text).map(|regex| vec![Test::Text(Shape::Regex(regex))]),
            Kind::Text => self.texts(field, &plan, node, text),
        }
    }

    fn regex(&self, plan: &Plan, node: &Node, text: &str) -> Result<regex::Regex, Refused> {
        let flags: String = plan.flags.iter().collect();
        let whole = if flags.is_empty() { text.to_owned() } else { format!("(?{flags}){text}") };
        regex(&whole, Case::Distinct).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => self
                .at(
                    node.span(),
                    format!("the regular expression is too large: compiled it takes more than {REGEX_BYTES} bytes"),
                )
                .help("use smaller counts in `{n,m}`, or plain texts with `contains`"),
            error => {
                let said = error.to_string();
                let last = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.at(node.span(), format!("not a regular expression that can be run: {last}"))
            }
        })
    }

    fn texts(&self, field: Option<&str>, plan: &Plan, node: &Node, text: &str) -> Result<Vec<Test>, Refused> {
        let mut patterns = vec![Pattern::read(text)];
        for step in &plan.transforms {
            let mut made = Vec::new();
            for pattern in patterns {
                made.extend(self.transformed(*step, pattern, node)?);
                if made.len() > MOST_VARIANTS {
                    return Err(self.at(node.span(), format!("it stands for more than {MOST_VARIANTS} values")));
                }
            }
            patterns = made;
        }
        // A keyword is searched for anywhere in the record.
        let (open_start, open_end) = (plan.open_start || field.is_none(), plan.open_end || field.is_none());
        let shapes = patterns.into_iter().map(|pattern| {
            let pattern = if open_start { pattern.open_start() } else { pattern };
            let pattern = if open_end { pattern.open_end() } else { pattern };
            pattern.shape(plan.case).map(Test::Text)
        });
        shapes.collect::<Result<_, _>>().map_err(|_| self.at(node.span(), "the pattern is too large"))
    }

    fn transformed(&self, step: Modifier, pattern: Pattern, node: &Node) -> Result<Vec<Pattern>, Refused> {
        let plain = || match pattern.as_plain() {
            Some(plain) => Ok(plain.to_owned()),
            None => Err(self.at(node.span(), "a value with wildcards cannot be encoded")),
        };
        Ok(match step {
            Modifier::Utf16(form) => vec![Pattern::plain(&utf16(&plain()?, form))],
            Modifier::Base64 => vec![Pattern::plain(&base64(&latin1(&plain()?)))],
            Modifier::Base64Offset => {
                let bytes = latin1(&plain()?);
                (0..3).map(|shift| Pattern::plain(&base64_inside(&bytes, shift))).collect()
            }
            Modifier::Windash => windash(&pattern)
                .ok_or_else(|| self.at(node.span(), format!("it stands for more than {MOST_VARIANTS} values")))?,
            Modifier::Expand => self.expanded(&pattern, node)?,
            _ => vec![pattern],
        })
    }

    /// `%name%` becomes each of its values.
    fn expanded(&self, pattern: &Pattern, node: &Node) -> Result<Vec<Pattern>, Refused> {
        let mut done = vec![Pattern::default()];
        for piece in &pattern.pieces {
            let Piece::Text(text) = piece else {
                done.iter_mut().for_each(|pattern| pattern.pieces.push(piece.clone()));
                continue;
            };
            let mut rest = text.as_str();
            while let Some((before, name, behind)) = placeholder(rest) {
                let Some(values) = self.placeholders.get(name) else {
                    let problem = self.at(node.span(), format!("nothing is known of the placeholder `%{name}%`"));
                    return Err(problem.help("give it values, or remove `expand`"));
                };
                let mut next = Vec::new();
                for pattern in &done {
                    for value in values {
                        let mut pieces = pattern.pieces.clone();
                        pieces.push(Piece::Text(before.replace("\\%", "%")));
                        pieces.extend(Pattern::read(value).pieces);
                        next.push(Pattern { pieces });
                    }
                }
                if next.len() > MOST_VARIANTS {
                    return Err(self.at(node.span(), format!("it stands for more than {MOST_VARIANTS} values")));
                }
                (done, rest) = (next, behind);
            }
            let tail = rest.replace("\\%", "%");
            done.iter_mut().for_each(|pattern| pattern.pieces.push(Piece::Text(tail.clone())));
        }
        Ok(done.into_iter().map(Pattern::tidy).collect())
    }

    fn plan(&self, modifiers: &[Modifier], node: &Node) -> Result<Plan, Refused> {
        let wrong = |message: String| Err(self.at(node.span(), message));
        let mut plan = Plan::default();
        let mut kind: Option<Kind> = None;
        for modifier in modifiers {
            let next = match modifier {
                Modifier::All | Modifier::Differs | Modifier::Mounts => continue,
                Modifier::Cased => {
                    plan.case = Case::Distinct;
                    continue;
                }
                Modifier::Starts | Modifier::Ends | Modifier::Contains => {
                    plan.open_start |= *modifier != Modifier::Starts;
                    plan.open_end |= *modifier != Modifier::Ends;
                    continue;
                }
                Modifier::Flag(flag) if kind == Some(Kind::Regex) => {
                    plan.flags.push(*flag);
                    continue;
                }
                Modifier::Flag(flag) => return wrong(format!("`{flag}` stands behind `re` only")),
                Modifier::Base64 | Modifier::Base64Offset | Modifier::Utf16(_) if plan.open_start || plan.open_end => {
                    return wrong("what encodes stands before `contains`, `startswith` and `endswith`".to_owned());
                }
                Modifier::Base64
                | Modifier::Base64Offset
                | Modifier::Utf16(_)
                | Modifier::Windash
                | Modifier::Expand => {
                    plan.transforms.push(*modifier);
                    continue;
                }
                Modifier::Exists => Kind::Exists,
                Modifier::Regex => Kind::Regex,
                Modifier::Cidr => Kind::Cidr,
                Modifier::Compare(comparison) => match kind {
                    Some(Kind::Part(part, Comparison::Equal)) => {
                        kind = Some(Kind::Part(part, *comparison));
                        continue;
                    }
                    _ => Kind::Compare(*comparison),
                },
                Modifier::Field => Kind::Field,
                Modifier::Part(part) => Kind::Part(*part, Comparison::Equal),
                Modifier::List => Kind::List,
                Modifier::Outside => Kind::Outside,
                Modifier::Trusted => Kind::Trusted,
                Modifier::Policy => Kind::Policy,
            };
            if kind.is_some() {
                return wrong("two of these modifiers exclude each other".to_owned());
            }
            kind = Some(next);
        }
        plan.kind = kind.unwrap_or_default();
        let text_only = plan.open_start || plan.open_end || plan.case == Case::Distinct;
        let fits = match plan.kind {
            Kind::Text => true,
            Kind::Field => plan.transforms.is_empty(),
            Kind::Regex => plan.transforms.is_empty() && !plan.open_start && !plan.open_end,
            _ => plan.transforms.is_empty() && !text_only,
        };
        if fits { Ok(plan) } else { wrong("two of these modifiers exclude each other".to_owned()) }
    }
}

/// What the modifiers of a field ask for together.
#[derive(Debug)]
struct Plan {
    kind: Kind,
    case: Case,
    open_start: bool,
    open_end: bool,
    flags: Vec<char>,
    transforms: Vec<Modifier>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            kind: Kind::Text,
            case: Case::Same,
            open_start: false,
            open_end: false,
            flags: Vec::new(),
            transforms: Vec::new(),
        }
    }
}

impl Plan {
    fn is_bare(&self) -> bool {
        !self.open_start && !self.open_end && self.transforms.is_empty()
    }

    const fn field_shape(&self) -> FieldShape {
        match (self.open_start, self.open_end) {
            (true, true) => FieldShape::Contains,
            (true, false) => FieldShape::Ends,
            (false, true) => FieldShape::Starts,
            (false, false) => FieldShape::Equals,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Text,
    Regex,
    Cidr,
    Compare(Comparison),
    Part(TimePart, Comparison),
    Field,
    Exists,
    List,
    Outside,
    Trusted,
    Policy,
}

const fn wants_field(modifier: Modifier) -> bool {
    matches!(
        modifier,
        Modifier::Exists
            | Modifier::Cidr
            | Modifier::Compare(_)
            | Modifier::Field
            | Modifier::Part(_)
            | Modifier::List
            | Modifier::Outside
            | Modifier::Trusted
            | Modifier::Policy
            | Modifier::Mounts
    )
}

/// Why a text is no field's path.
pub(crate) fn wrong_path(path: &str) -> Option<String> {
    haechi_model::event::Fields::new([path]).err().map(|error| error.to_string())
}

/// The text before the first `%name%`, the name, and what is behind it. `\%` is no beginning.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find('%')?;
        if text[..start].ends_with('\\') {
            from = start + 1;
            continue;
        }
        let end = start + 1 + text[start + 1..].find('%')?;
        let name = &text[start + 1..end];
        if !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.'))
        {
            return Some((&text[..start], name, &text[end + 1..]));
        }
        from = end;
    }
}

/// One character a byte: what is encoded once more is bytes.
fn latin1(text: &str) -> Vec<u8> {
    if text.chars().any(|letter| u32::from(letter) > 0xFF) || !text.contains('\0') {
        return text.as_bytes().to_vec();
    }
    text.chars().map(|letter| letter as u8).collect()
}

/// The bytes of UTF-16, each as one character.
fn utf16(text: &str, form: Utf16) -> String {
    let mut bytes: Vec<u8> = if form == Utf16::Marked { vec![0xFF, 0xFE] } else { Vec::new() };
    for unit in text.encode_utf16() {
        bytes.extend(if form == Utf16::Big { unit.to_be_bytes() } else { unit.to_le_bytes() });
    }
    bytes.into_iter().map(char::from).collect()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() { letter.into() } else { '=' });
        }
    }
    text
}

/// The part of the Base64 text that does not depend on what stands beside it, `shift` bytes behind a boundary.
fn base64_inside(bytes: &[u8], shift: usize) -> String {
    let mut padded = vec![b' '; shift];
    padded.extend(bytes);
    let text = base64(&padded);
    let from = [0, 2, 3][shift];
    let to = text.len() - [0, 3, 2][padded.len() % 3];
    text.get(from..to).unwrap_or_default().to_owned()
}

/// Every dash (or slash before a word) as each of the five signs that stand for one.
fn windash(pattern: &Pattern) -> Option<Vec<Pattern>> {
    const SIGNS: [char; 5] = ['-', '/', '–', '—', '―'];
    let mut done = vec![Pattern::default()];
    let mut before: Option<char> = None;
    for piece in &pattern.pieces {
        let Piece::Text(text) = piece else {
            done.iter_mut().for_each(|pattern| pattern.pieces.push(piece.clone()));
            before = None;
            continue;
        };
        let letters: Vec<char> = text.chars().collect();
        for (at, letter) in letters.iter().enumerate() {
            let word = |letter: &char| letter.is_alphanumeric() || *letter == '_';
            let dash =
                SIGNS.contains(letter) && !before.as_ref().is_some_and(word) && letters.get(at + 1).is_some_and(word);
            if dash {
                if done.len() * SIGNS.len() > MOST_VARIANTS {
                    return None;
                }
                done = done
                    .iter()
                    .flat_map(|pattern| {
                        SIGNS.map(|sign| {
                            let mut pieces = pattern.pieces.clone();
                            pieces.push(Piece::Text(sign.into()));
                            Pattern { pieces }
                        })
                    })
                    .collect();
            } else {
                done.iter_mut().for_each(|pattern| pattern.pieces.push(Piece::Text((*letter).into())));
            }
            before = Some(*letter);
        }
    }
    Some(done.into_iter().map(Pattern::tidy).collect())
}

impl Pattern {
    /// Neighbouring texts become one.
    fn tidy(self) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in self.pieces {
            match (pieces.last_mut(), piece) {
                (_, Piece::Text(text)) if text.is_empty() => {}
                (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                (Some(Piece::Many), Piece::Many) => {}
                (_, piece) => pieces.push(piece),
            }
        }
        Self { pieces }
    }
}

/// The addresses of an item's ranges.
pub(crate) fn in_ranges(ranges: &[(u128, u128)], address: IpAddr) -> bool {
    let number = crate::intel::number(address);
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))
}
