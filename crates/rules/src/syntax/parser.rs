//! Words to tree, by precedence climbing. Depth and size are counted while reading.

use super::lexer::{RESERVED, Word, words};
use super::{Binary, Expr, ExprKind, MAX_DEPTH, MAX_NODES, MAX_TEXT, Problem, Span};

/// Reads one expression; anything after it is an error.
pub fn parse(text: &str) -> Result<Expr, Problem> {
    if text.len() > MAX_TEXT {
        let message = format!("the expression has {} bytes; at most {MAX_TEXT} are read", text.len());
        return Err(Problem::new(Span::new(0, 0), message).help("split it with `let`"));
    }
    let mut parser = Parser { words: words(text)?, next: 0, nodes: 0, level: 0 };
    let expr = parser.expression()?;
    match parser.peek() {
        (Word::End, _) => Ok(expr),
        (word, at) => Err(unexpected(word, *at, "an operator or the end")),
    }
}

struct Parser {
    words: Vec<(Word, Span)>,
    next: usize,
    nodes: usize,
    /// How deep the calls of this reader are, which brackets deepen without leaving a node.
    level: usize,
}

fn unexpected(word: &Word, at: Span, wanted: &str) -> Problem {
    let found = match word {
        Word::End => "the end".to_owned(),
        Word::Sign(sign) => format!("`{sign}`"),
        Word::Name(name) => format!("`{name}`"),
        Word::Int(_) | Word::Double(_) | Word::TooLargeByOne => "a number".to_owned(),
        Word::Text(_) => "a text".to_owned(),
    };
    let problem = Problem::new(at, format!("expected {wanted}, found {found}"));
    if *word == Word::Sign("=") { problem.help("equality is written `==`") } else { problem }
}

fn too_deep(at: Span) -> Problem {
    Problem::new(at, format!("the expression is nested deeper than {MAX_DEPTH} levels")).help("split it with `let`")
}

impl Parser {
    fn peek(&self) -> &(Word, Span) {
        // The last word is the end, and it is never passed.
        &self.words[self.next.min(self.words.len() - 1)]
    }

    fn take(&mut self) -> (Word, Span) {
        let word = self.peek().clone();
        self.next = (self.next + 1).min(self.words.len() - 1);
        word
    }

    fn sign(&mut self, sign: &str) -> Option<Span> {
        match self.peek() {
            (Word::Sign(found), at) if *found == sign => {
                let at = *at;
                self.take();
                Some(at)
            }
            _ => None,
        }
    }

    fn expect(&mut self, sign: &str) -> Result<Span, Problem> {
        match self.sign(sign) {
            Some(at) => Ok(at),
            None => {
                let (word, at) = self.peek();
                Err(unexpected(word, *at, &format!("`{sign}`")))
            }
        }
    }

    fn node(&mut self, at: Span, kind: ExprKind, below: usize) -> Result<Expr, Problem> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Problem::new(at, format!("the expression has more than {MAX_NODES} parts")));
        }
        if below >= MAX_DEPTH {
            return Err(too_deep(at));
        }
        Ok(Expr { at, kind, depth: below + 1 })
    }

    fn expression(&mut self) -> Result<Expr, Problem> {
        self.level += 1;
        if self.level > MAX_DEPTH {
            return Err(too_deep(self.peek().1));
        }
        let condition = self.chain("||")?;
        let result = match self.sign("?") {
            None => condition,
            Some(_) => {
                let yes = self.chain("||")?;
                self.expect(":")?;
                let no = self.expression()?;
                let (at, below) = (condition.at.to(no.at), condition.depth.max(yes.depth).max(no.depth));
                self.node(at, ExprKind::If(Box::new([condition, yes, no])), below)?
            }
        };
        self.level -= 1;
        Ok(result)
    }

    /// `a || b || c`, each an `&&` chain; one node however long.
    fn chain(&mut self, sign: &'static str) -> Result<Expr, Problem> {
        let one = |parser: &mut Self| if sign == "||" { parser.chain("&&") } else { parser.relation() };
        let first = one(self)?;
        if !matches!(self.peek(), (Word::Sign(found), _) if *found == sign) {
            return Ok(first);
        }
        let mut terms = vec![first];
        while self.sign(sign).is_some() {
            terms.push(one(self)?);
        }
        let at = terms[0].at.to(terms[terms.len() - 1].at);
        let below = depth_of(&terms);
        let kind = if sign == "||" { ExprKind::Or(terms) } else { ExprKind::And(terms) };
        self.node(at, kind, below)
    }

    fn relation(&mut self) -> Result<Expr, Problem> {
        let mut left = self.sum()?;
        loop {
            let operator = match self.peek() {
                (Word::Sign("=="), _) => Binary::Equal,
                (Word::Sign("!="), _) => Binary::NotEqual,
                (Word::Sign("<"), _) => Binary::Less,
                (Word::Sign("<="), _) => Binary::LessOrEqual,
                (Word::Sign(">"), _) => Binary::Greater,
                (Word::Sign(">="), _) => Binary::GreaterOrEqual,
                (Word::Name(name), _) if name == "in" => Binary::In,
                _ => return Ok(left),
            };
            self.take();
            let right = self.sum()?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn sum(&mut self) -> Result<Expr, Problem> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek().0 {
                Word::Sign("+") => Binary::Add,
                Word::Sign("-") => Binary::Subtract,
                _ => return Ok(left),
            };
            self.take();
            let right = self.product()?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn product(&mut self) -> Result<Expr, Problem> {
        let mut left = self.unary()?;
        loop {
            let operator = match self.peek().0 {
                Word::Sign("*") => Binary::Multiply,
                Word::Sign("/") => Binary::Divide,
                Word::Sign("%") => Binary::Remainder,
                _ => return Ok(left),
            };
            self.take();
            let right = self.unary()?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn binary(&mut self, operator: Binary, left: Expr, right: Expr) -> Result<Expr, Problem> {
        let (at, below) = (left.at.to(right.at), left.depth.max(right.depth));
        self.node(at, ExprKind::Binary { operator, left: Box::new(left), right: Box::new(right) }, below)
    }

    /// `!!x` and `--x`: the signs are counted, not recursed into. CEL has no mix of the two, but for a negative number after `!`.
    fn unary(&mut self) -> Result<Expr, Problem> {
        let start = self.peek().1;
        for sign in ["!", "-"] {
            let mut count = 0usize;
            let mut last = start;
            while let Some(at) = self.sign(sign) {
                count += 1;
                last = at;
            }
            if count == 0 {
                continue;
            }
            // A minus belongs to the number behind it, so that the least number can be written: also after `!`.
            let negative = match sign {
                "-" => self.negative_number(last)?,
                _ => match self.sign("-") {
                    Some(minus) => {
                        let number = self.negative_number(minus)?;
                        Some(number.ok_or_else(|| unexpected(&Word::Sign("-"), minus, "a value"))?)
                    }
                    None => None,
                },
            };
            count -= usize::from(sign == "-" && negative.is_some());
            let mut operand = match negative {
                Some(number) => self.members(number)?,
                None => self.member()?,
            };
            for _ in 0..count {
                let (at, below) = (start.to(operand.at), operand.depth);
                let kind = if sign == "!" { ExprKind::Not } else { ExprKind::Negate };
                operand = self.node(at, kind(Box::new(operand)), below)?;
            }
            return Ok(operand);
        }
        self.member()
    }

    fn negative_number(&mut self, minus: Span) -> Result<Option<Expr>, Problem> {
        let (kind, at) = match self.peek() {
            (Word::Int(number), at) => (ExprKind::Int(-number), *at),
            (Word::TooLargeByOne, at) => (ExprKind::Int(i64::MIN), *at),
            (Word::Double(number), at) => (ExprKind::Double(-number), *at),
            _ => return Ok(None),
        };
        self.take();
        self.node(minus.to(at), kind, 0).map(Some)
    }

    fn member(&mut self) -> Result<Expr, Problem> {
        let primary = self.primary()?;
        self.members(primary)
    }

    /// What follows a value: `.name`, `.name(...)` and `[...]`.
    fn members(&mut self, mut expr: Expr) -> Result<Expr, Problem> {
        loop {
            if self.sign(".").is_some() {
                let (name, name_at) = self.name("a member's name")?;
                if self.sign("(").is_some() {
                    let (arguments, end) = self.list_until(")")?;
                    let (at, below) = (expr.at.to(end), expr.depth.max(depth_of(&arguments)));
                    let target = Some(Box::new(expr));
                    expr = self.node(at, ExprKind::Call { target, name, name_at, arguments }, below)?;
                } else {
                    let (at, below) = (expr.at.to(name_at), expr.depth);
                    let kind = ExprKind::Select { of: Box::new(expr), member: name, member_at: name_at };
                    expr = self.node(at, kind, below)?;
                }
            } else if self.sign("[").is_some() {
                let index = self.expression()?;
                let end = self.expect("]")?;
                let (at, below) = (expr.at.to(end), expr.depth.max(index.depth));
                expr = self.node(at, ExprKind::Index { of: Box::new(expr), index: Box::new(index) }, below)?;
            } else {
                return Ok(expr);
            }
        }
    }

    fn name(&mut self, wanted: &str) -> Result<(String, Span), Problem> {
        match self.take() {
            (Word::Name(name), at) if !["true", "false", "null", "in"].contains(&name.as_str()) => Ok((name, at)),
            (word, at) => Err(unexpected(&word, at, wanted)),
        }
    }

    fn list_until(&mut self, close: &str) -> Result<(Vec<Expr>, Span), Problem> {
        let mut elements = Vec::new();
        if let Some(end) = self.sign(close) {
            return Ok((elements, end));
        }
        loop {
            elements.push(self.expression()?);
            if self.sign(",").is_none() {
                return Ok((elements, self.expect(close)?));
            }
            // A list may end in a comma, a call may not.
            if close == "]"
                && let Some(end) = self.sign(close)
            {
                return Ok((elements, end));
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Problem> {
        let (word, at) = self.take();
        let kind = match word {
            Word::Int(number) => ExprKind::Int(number),
            Word::Double(number) => ExprKind::Double(number),
            Word::Text(text) => ExprKind::Text(text),
            Word::Name(name) => return self.named(name, at),
            Word::Sign("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Word::Sign("[") => {
                let (elements, end) = self.list_until("]")?;
                let below = depth_of(&elements);
                return self.node(at.to(end), ExprKind::List(elements), below);
            }
            Word::Sign("{") => return self.map(at),
            Word::TooLargeByOne => return Err(Problem::new(at, "the number does not fit into 64 bits")),
            other => return Err(unexpected(&other, at, "a value")),
        };
        self.node(at, kind, 0)
    }

    fn named(&mut self, name: String, at: Span) -> Result<Expr, Problem> {
        let kind = match name.as_str() {
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "null" => ExprKind::Null,
            "in" => return Err(unexpected(&Word::Name(name), at, "a value")),
            reserved if RESERVED.contains(&reserved) => {
                return Err(Problem::new(at, format!("`{name}` is a reserved word")));
            }
            _ if self.sign("(").is_some() => {
                let (arguments, end) = self.list_until(")")?;
                let below = depth_of(&arguments);
                return self.node(at.to(end), ExprKind::Call { target: None, name, name_at: at, arguments }, below);
            }
            _ => ExprKind::Name(name),
        };
        self.node(at, kind, 0)
    }

    fn map(&mut self, start: Span) -> Result<Expr, Problem> {
        let mut entries = Vec::new();
        let end = loop {
            if let Some(end) = self.sign("}") {
                break end;
            }
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
            if self.sign(",").is_none() {
                break self.expect("}")?;
            }
        };
        let below = entries.iter().map(|(key, value)| key.depth.max(value.depth)).max().unwrap_or(0);
        self.node(start.to(end), ExprKind::Map(entries), below)
    }
}

fn depth_of(exprs: &[Expr]) -> usize {
    exprs.iter().map(|expr| expr.depth).max().unwrap_or(0)
}
