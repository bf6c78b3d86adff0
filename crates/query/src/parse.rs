//! From text to the syntax tree. What AWS Config's language does not have is refused by name.

use std::ops::Range;

use crate::problem::Problem;
use crate::syntax::{
    Aggregate, Comparison, Condition, Direction, Function, Literal, Order, Property, Query, Selected, Test,
};
use crate::token::{Placed, Token, tokens};

/// AWS takes 4,096 characters; a file of one's own may hold a long list.
const LONGEST: usize = 256 << 10;
const DEEPEST: usize = 100;
/// A wildcard has so many plain characters before it.
const BEFORE_WILDCARD: usize = 3;

/// Words that AWS Config's language names as not supported.
const REFUSED: [&str; 10] = ["all", "as", "distinct", "from", "having", "join", "union", "case", "limit", "offset"];
const KEYWORDS: [&str; 8] = ["select", "where", "group", "order", "and", "or", "asc", "desc"];

/// Reads a query of AWS Config's advanced-query language.
pub fn parse(text: &str) -> Result<Query, Problem> {
    if text.len() > LONGEST {
        return Err(Problem::new("query-long", 0..0).with("bytes", LONGEST.to_string()));
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    parser.query()
}

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Placed {
        // The last token is the end, and is never passed.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Placed {
        let placed = self.peek().clone();
        self.next += 1;
        placed
    }

    fn sees_word(&self, word: &str) -> bool {
        keyword(&self.peek().token).is_some_and(|found| found.eq_ignore_ascii_case(word))
    }

    fn word(&mut self, word: &str) -> bool {
        let seen = self.sees_word(word);
        self.next += usize::from(seen);
        seen
    }

    fn sign(&mut self, sign: &str) -> bool {
        let seen = matches!(&self.peek().token, Token::Sign(found) if *found == sign);
        self.next += usize::from(seen);
        seen
    }

    /// An error at the next token: a word or sign was expected there.
    fn expected(&self, what: &str) -> Problem {
        self.expected_kind("query-expected").with("expected", what)
    }

    /// An error at the next token: something of a kind was expected there.
    fn expected_kind(&self, id: &str) -> Problem {
        let placed = self.peek();
        match keyword(&placed.token).filter(|word| is_one_of(word, &REFUSED)) {
            Some(word) => refused(word, placed.at.clone()),
            None => Problem::new(id, placed.at.clone()),
        }
    }

    fn query(&mut self) -> Result<Query, Problem> {
        if !self.word("select") {
            return Err(self.expected("SELECT"));
        }
        let select = self.list(Self::selected)?;
        let filter = if self.word("where") { Some(self.any()?) } else { None };
        let group = if self.by("group")? { self.list(Self::property)? } else { Vec::new() };
        let order = if self.by("order")? { self.list(Self::order)? } else { Vec::new() };
        while self.sign(";") {}
        if self.peek().token == Token::End {
            return check(Query { select, filter, group, order });
        }
        if self.sees_word("where") || self.sees_word("group") || self.sees_word("order") {
            return Err(Problem::new("query-clause-order", self.peek().at.clone()));
        }
        if self.sees_word("select") {
            return Err(Problem::new("query-two", self.peek().at.clone()));
        }
        let clauses = match (&filter, group.is_empty(), order.is_empty()) {
            (_, _, false) => "`,` ASC DESC",
            (_, false, _) => "`,` ORDER BY",
            (Some(_), ..) => "AND OR GROUP BY ORDER BY",
            (None, ..) => "`,` WHERE GROUP BY ORDER BY",
        };
        Err(self.expected(clauses))
    }

    fn by(&mut self, word: &str) -> Result<bool, Problem> {
        if !self.word(word) {
            return Ok(false);
        }
        if self.word("by") { Ok(true) } else { Err(self.expected("BY")) }
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Result<T, Problem>) -> Result<Vec<T>, Problem> {
        let mut all = vec![one(self)?];
        while self.sign(",") {
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn selected(&mut self) -> Result<Selected, Problem> {
        if self.sign("*") {
            return Ok(Selected::All);
        }
        self.output()
    }

    /// A property or an aggregate.
    fn output(&mut self) -> Result<Selected, Problem> {
        let after = self.tokens.get(self.next + 1).map(|placed| &placed.token);
        if !matches!(after, Some(Token::Sign("("))) {
            return self.property().map(Selected::Property);
        }
        let named = self.take();
        let name = keyword(&named.token).unwrap_or_default();
        let Some(function) = Function::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name)) else {
            let problem = Problem::new("query-function", named.at).with("name", name);
            return Err(problem.help("query-advice-functions"));
        };
        self.next += 1;
        let argument = match self.sign("*") {
            true if function == Function::Count => None,
            true => return Err(Problem::new("query-star", named.at).with("name", function.as_str())),
            false => {
                let nested = self.tokens.get(self.next + 1).map(|placed| &placed.token);
                if matches!(nested, Some(Token::Sign("("))) {
                    return Err(Problem::new("query-nested", self.peek().at.clone()));
                }
                Some(self.property()?)
            }
        };
        if matches!(self.peek().token, Token::Sign(",")) {
            return Err(Problem::new("query-one-argument", self.peek().at.clone()));
        }
        let end = self.peek().at.end;
        if !self.sign(")") {
            return Err(self.expected(")"));
        }
        Ok(Selected::Aggregate(Aggregate { function, argument, at: named.at.start..end }))
    }

    fn property(&mut self) -> Result<Property, Problem> {
        let placed = self.peek();
        match &placed.token {
            Token::Name { parts, quoted } if *quoted || parts.len() > 1 => {}
            Token::Name { parts, .. } if !is_one_of(&parts[0], &REFUSED) && !is_one_of(&parts[0], &KEYWORDS) => {}
            Token::Text(_) => {
                return Err(Problem::new("query-text-as-name", placed.at.clone()).help("query-advice-wildcard-keys"));
            }
            _ => return Err(self.expected_kind("query-expected-property")),
        }
        match self.take() {
            Placed { token: Token::Name { parts, .. }, at } => Ok(Property { path: parts, at }),
            _ => Err(self.expected_kind("query-expected-property")),
        }
    }

    fn order(&mut self) -> Result<Order, Problem> {
        let by = self.output()?;
        let direction = match self.word("desc") {
            true => Direction::Descending,
            false => {
                self.word("asc");
                Direction::Ascending
            }
        };
        Ok(Order { by, direction })
    }

    fn any(&mut self) -> Result<Condition, Problem> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Problem> {
        let mut parts = vec![self.negated()?];
        while self.word("and") {
            parts.push(self.negated()?);
        }
        Ok(one_or(parts, Condition::All))
    }

    fn negated(&mut self) -> Result<Condition, Problem> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Problem::new("query-deep", self.peek().at.clone()));
        }
        let condition = if self.word("not") {
            Condition::Not(Box::new(self.negated()?))
        } else if self.sign("(") {
            let inner = self.any()?;
            if !self.sign(")") {
                return Err(self.expected(")"));
            }
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn test(&mut self) -> Result<Condition, Problem> {
        let property = self.property()?;
        let negated = self.word("not");
        let placed = self.peek().clone();
        let (test, opposite) = if self.word("in") {
            (self.among()?, false)
        } else if self.word("between") {
            let low = self.literal()?;
            if !self.word("and") {
                return Err(self.expected("AND"));
            }
            (Test::Between(low, self.literal()?), false)
        } else if self.word("like") {
            (Test::Like(self.pattern()?), false)
        } else if self.sees_word("is") {
            return Err(Problem::new("query-null", placed.at).help("query-advice-sql"));
        } else if negated {
            return Err(self.expected("IN BETWEEN LIKE"));
        } else {
            let (comparison, opposite) = self.comparison()?;
            (Test::Compare(comparison, self.literal()?), opposite)
        };
        let condition = Condition::Test(property, test);
        Ok(if negated || opposite { Condition::Not(Box::new(condition)) } else { condition })
    }

    /// The comparison, and whether its opposite is meant.
    fn comparison(&mut self) -> Result<(Comparison, bool), Problem> {
        let Token::Sign(sign) = self.peek().token else { return Err(self.expected_kind("query-expected-operator")) };
        let comparison = match sign {
            "=" => (Comparison::Equal, false),
            "!=" => (Comparison::Equal, true),
            "<" => (Comparison::Less, false),
            "<=" => (Comparison::LessOrEqual, false),
            ">" => (Comparison::Greater, false),
            ">=" => (Comparison::GreaterOrEqual, false),
            _ => return Err(self.expected_kind("query-expected-operator")),
        };
        self.next += 1;
        Ok(comparison)
    }

    fn among(&mut self) -> Result<Test, Problem> {
        if !self.sign("(") {
            return Err(self.expected("("));
        }
        let values = self.list(Self::literal)?;
        if self.sign(")") { Ok(Test::In(values)) } else { Err(self.expected(")")) }
    }

    fn literal(&mut self) -> Result<Literal, Problem> {
        let placed = self.peek().clone();
        let literal = match placed.token {
            Token::Text(text) => Literal::Text(text),
            Token::Number(text) => Literal::Number(text),
            Token::Name { parts, quoted: false } if parts.len() == 1 => match parts[0].to_ascii_lowercase().as_str() {
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                "null" => return Err(Problem::new("query-null", placed.at).help("query-advice-sql")),
                _ => return Err(Problem::new("query-value", placed.at).help("query-advice-quotes")),
            },
            Token::Name { .. } => return Err(Problem::new("query-value", placed.at).help("query-advice-quotes")),
            _ => return Err(self.expected_kind("query-expected-value")),
        };
        self.next += 1;
        Ok(literal)
    }

    /// The text after LIKE: wildcards stand behind at least three characters, `%` at the end only.
    fn pattern(&mut self) -> Result<String, Problem> {
        let placed = self.peek().clone();
        let Token::Text(text) = placed.token else { return Err(self.expected_kind("query-expected-text")) };
        let first = text.find(['%', '_']);
        let before = first.map(|at| text[..at].chars().count());
        if before.is_some_and(|before| before < BEFORE_WILDCARD) {
            return Err(Problem::new("query-wildcard-short", placed.at).help("query-advice-sql-like"));
        }
        let percent = text.find('%');
        if percent.is_some_and(|at| text[at..].contains(|c| c != '%')) {
            return Err(Problem::new("query-wildcard-place", placed.at).help("query-advice-sql-like"));
        }
        self.next += 1;
        Ok(text)
    }
}

fn keyword(token: &Token) -> Option<&str> {
    match token {
        Token::Name { parts, quoted: false } if parts.len() == 1 => Some(&parts[0]),
        _ => None,
    }
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}

fn refused(word: &str, at: Range<usize>) -> Problem {
    let problem = Problem::new("query-refused", at).with("word", word.to_ascii_uppercase());
    match word.to_ascii_lowercase().as_str() {
        "limit" | "offset" => problem.help("query-advice-limit"),
        _ => problem.help("query-advice-sql"),
    }
}

fn one_or(mut parts: Vec<Condition>, many: impl Fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

/// What may stand beside what: the rules of grouping.
fn check(query: Query) -> Result<Query, Problem> {
    if !query.aggregates() {
        let ordered = query.order.iter().find_map(|order| match &order.by {
            Selected::Aggregate(aggregate) => Some(aggregate.at.clone()),
            _ => None,
        });
        return match ordered {
            Some(at) => Err(Problem::new("query-order-aggregate", at)),
            None => Ok(query),
        };
    }
    let grouped = |property: &Property| query.group.iter().any(|group| group.path == property.path);
    let outputs = query.select.iter().map(|selected| (selected, "query-not-grouped"));
    let orders = query.order.iter().map(|order| (&order.by, "query-order-not-grouped"));
    for (output, id) in outputs.chain(orders) {
        match output {
            Selected::All => return Err(Problem::new("query-star-grouped", 0..0)),
            Selected::Property(property) if !grouped(property) => {
                let problem = Problem::new(id, property.at.clone()).with("name", property.name());
                return Err(problem.help("query-advice-group"));
            }
            _ => {}
        }
    }
    Ok(query)
}
