//! Turns the tree of an expression into operations: names and paths are settled here, once, or refused.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use haechi_content::TypeCatalogue;
use haechi_model::ResourceType;

use crate::error::did_you_mean;
use crate::functions::{FUNCTIONS, Gives, access, find, regex};
use crate::path::Path;
use crate::program::{Area, Lookup, Loop, LoopKind, Op, Reach};
use crate::shape::{ITEM, Shape, select};
use crate::syntax::{Binary, Expr, ExprKind, MAX_DEPTH, Problem, Span, parse};
use crate::value::Const;

/// Names of types, as `type(x)` gives them.
const TYPE_NAMES: [&str; 8] = ["null_type", "bool", "int", "double", "string", "list", "map", "timestamp"];

/// Patterns of a rule at most: each may take some hundred kilobytes.
const MAX_PATTERNS: usize = 64;

/// What the expressions of a rule may refer to.
pub struct Scope<'c> {
    types: &'c TypeCatalogue,
    /// The types of the judged item.
    subject: Rc<[ResourceType]>,
    /// The types that `items` and `lookup` may name.
    reads: Vec<ResourceType>,
    parameters: Vec<String>,
    bindings: BTreeMap<String, Binding>,
    /// Bindings that are not compiled yet: naming one is an error that says so.
    later: BTreeSet<String>,
    /// Neighbours' types that some expression looks at.
    pub(crate) looked_at: BTreeSet<ResourceType>,
    /// Whether some expression asks about the whole organization.
    pub(crate) asks: bool,
    /// Patterns compiled so far.
    patterns: usize,
    /// Slots of loop variables given out so far.
    pub(crate) variables: usize,
}

struct Binding {
    at: usize,
    shape: Shape,
    depth: usize,
}

/// A compiled part: what to do, what it gives, and how high the tree is.
struct Part {
    op: Op,
    shape: Shape,
    depth: usize,
}

type Compiled = Result<Part, Problem>;

impl<'c> Scope<'c> {
    pub fn new(
        types: &'c TypeCatalogue,
        subject: &[ResourceType],
        reads: &[ResourceType],
        parameters: &[&str],
    ) -> Self {
        Self {
            types,
            subject: subject.into(),
            reads: reads.to_vec(),
            parameters: parameters.iter().map(|name| (*name).to_owned()).collect(),
            bindings: BTreeMap::new(),
            later: BTreeSet::new(),
            looked_at: BTreeSet::new(),
            asks: false,
            patterns: 0,
            variables: 0,
        }
    }

    pub(crate) fn expect(&mut self, names: impl IntoIterator<Item = String>) {
        self.later.extend(names);
    }

    /// Compiles an expression and gives it a name for the expressions after it.
    pub(crate) fn bind(&mut self, name: &str, text: &str) -> Result<Op, Problem> {
        let part = self.part(text);
        self.later.remove(name);
        // A binding that failed stays a name, so that one mistake is reported once.
        let (shape, depth) = part.as_ref().map_or((Shape::Anything, 0), |part| (part.shape.clone(), part.depth));
        self.bindings.insert(name.to_owned(), Binding { at: self.bindings.len(), shape, depth });
        part.map(|part| part.op)
    }

    pub(crate) fn compile(&mut self, text: &str) -> Result<Op, Problem> {
        self.part(text).map(|part| part.op)
    }

    fn part(&mut self, text: &str) -> Compiled {
        let expr = parse(text)?;
        let first_slot = self.variables;
        Compiler { scope: self, variables: Vec::new(), first_slot }.expr(&expr)
    }
}

/// Compiles an expression alone: what an editor or a fuzzer asks.
///
/// # Errors
/// The first problem and its place. Arbitrary text never panics and never takes more than the limits of [`crate::syntax`].
pub fn compile_expression(text: &str, scope: &mut Scope<'_>) -> Result<(), Problem> {
    scope.compile(text).map(|_| ())
}

struct Compiler<'s, 'c> {
    scope: &'s mut Scope<'c>,
    /// Loop variables in sight, outermost first.
    variables: Vec<(String, Shape)>,
    /// Where this expression's variables begin. A binding may be computed in the middle of a loop of
    /// another expression, so no two expressions share a slot.
    first_slot: usize,
}

impl Compiler<'_, '_> {
    fn expr(&mut self, expr: &Expr) -> Compiled {
        let constant = |value: Const| Ok(Part { op: Op::Const(value), shape: Shape::Scalar, depth: 1 });
        match &expr.kind {
            ExprKind::Null => Ok(Part { op: Op::Const(Const::Null), shape: Shape::Anything, depth: 1 }),
            ExprKind::Bool(bool) => constant(Const::Bool(*bool)),
            ExprKind::Int(int) => constant(Const::Int(*int)),
            ExprKind::Double(double) => constant(Const::Double(*double)),
            ExprKind::Text(text) => constant(Const::Text(text.as_str().into())),
            ExprKind::Name(name) => self.name(name, expr.at),
            ExprKind::Select { of, member, member_at } => self.select(of, member, *member_at),
            ExprKind::Index { of, index } => self.index(of, index),
            ExprKind::Call { target, name, name_at, arguments } => {
                self.call(expr, target.as_deref(), name, *name_at, arguments)
            }
            ExprKind::List(elements) => self.list(elements),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Not(of) => self.condition(of)?.wrap(|op| Op::Not(Box::new(op))),
            ExprKind::Negate(of) => self.expr(of)?.wrap(|op| Op::Negate(Box::new(op))),
            ExprKind::Binary { operator, left, right } => self.binary(*operator, left, right),
            ExprKind::And(terms) => self.terms(terms, Op::And),
            ExprKind::Or(terms) => self.terms(terms, Op::Or),
            ExprKind::If(parts) => {
                let (condition, yes, no) = (self.condition(&parts[0])?, self.expr(&parts[1])?, self.expr(&parts[2])?);
                let depth = condition.depth.max(yes.depth).max(no.depth) + 1;
                let shape = match (&yes.op, &no.op) {
                    (Op::Const(Const::Null), _) => no.shape.clone(),
                    (_, Op::Const(Const::Null)) => yes.shape.clone(),
                    _ => yes.shape.clone().or(no.shape.clone()),
                };
                Ok(Part { op: Op::If(Box::new([condition.op, yes.op, no.op])), shape, depth })
            }
        }
    }

    /// An expression whose value is asked for true or false.
    fn condition(&mut self, expr: &Expr) -> Compiled {
        let part = self.expr(expr)?;
        match &part.op {
            Op::Const(Const::Bool(_) | Const::Null) => Ok(part),
            Op::Const(_) | Op::List(_) | Op::Map(_) => Err(Problem::new(expr.at, "a condition must be true or false")),
            _ => Ok(part),
        }
    }

    fn terms(&mut self, terms: &[Expr], make: fn(Box<[Op]>) -> Op) -> Compiled {
        let mut depth = 0;
        let mut ops = Vec::with_capacity(terms.len());
        for term in terms {
            let part = self.condition(term)?;
            depth = depth.max(part.depth);
            ops.push(part.op);
        }
        Ok(Part { op: make(ops.into()), shape: Shape::Scalar, depth: depth + 1 })
    }

    fn name(&mut self, name: &str, at: Span) -> Compiled {
        if let Some(slot) = self.variables.iter().rposition(|(variable, _)| variable == name) {
            let shape = self.variables[slot].1.clone();
            return Ok(Part { op: Op::Variable(self.first_slot + slot), shape, depth: 1 });
        }
        if let Some(binding) = self.scope.bindings.get(name) {
            if binding.depth >= MAX_DEPTH {
                return Err(Problem::new(
                    at,
                    format!("`{name}` builds on too many others: at most {MAX_DEPTH} levels"),
                ));
            }
            return Ok(Part { op: Op::Binding(binding.at), shape: binding.shape.clone(), depth: binding.depth + 1 });
        }
        if name == "now" {
            return Ok(Part { op: Op::Now, shape: Shape::Scalar, depth: 1 });
        }
        if ITEM.contains(&name) {
            let shape = Shape::Member(self.scope.subject.clone(), name.to_owned());
            return Ok(Part { op: Op::Member(Path::parse(name)), shape, depth: 1 });
        }
        if TYPE_NAMES.contains(&name) {
            return Ok(Part { op: Op::Const(Const::Text(name.into())), shape: Shape::Scalar, depth: 1 });
        }
        Err(self.unknown_name(name, at))
    }

    fn unknown_name(&self, name: &str, at: Span) -> Problem {
        if self.scope.later.contains(name) {
            return Problem::new(at, format!("`{name}` is not defined yet")).help(
                "a name under `let` may use the names above it only: move it down, or break the circle if there is one",
            );
        }
        let problem = Problem::new(at, format!("unknown name `{name}`"));
        if name == "params" {
            return problem.help("a parameter is written `params.NAME`");
        }
        if find(name).is_some() {
            return problem.help(format!("`{name}` is a function: write `{name}(...)`"));
        }
        let variables = self.variables.iter().map(|(name, _)| name.as_str());
        let bindings = self.scope.bindings.keys().map(String::as_str);
        let known = variables.chain(bindings).chain(ITEM).chain(["params", "now"]);
        match did_you_mean(name, known) {
            Some(help) => problem.help(help),
            None => problem,
        }
    }

    fn select(&mut self, of: &Expr, member: &str, at: Span) -> Compiled {
        if matches!(&of.kind, ExprKind::Name(name) if name == "params" && !self.is_bound(name)) {
            return self.parameter(member, at);
        }
        let base = self.expr(of)?;
        let (shape, from_root) = select(self.scope.types, &base.shape, member).map_err(|no| {
            let problem = Problem::new(at, format!("{} has no member `{member}`", no.of));
            match did_you_mean(member, no.known.iter().map(String::as_str)) {
                Some(help) => problem.help(help),
                None if no.known.is_empty() || no.known.len() > 12 => problem,
                None => problem.help(format!("known members: {}", no.known.join(", "))),
            }
        })?;
        let depth = base.depth + 1;
        let from_root = from_root.map(Box::from);
        // Selections in a row are one path, so that a list on the way is walked once.
        let longer = |path: Path| {
            let keys = path.keys.iter().cloned().chain([member.into()]).collect();
            Path { keys, from_root: from_root.clone() }
        };
        let op = match base.op {
            Op::Member(path) => Op::Member(longer(path)),
            Op::Below(inner, path) => Op::Below(inner, longer(path)),
            other => Op::Below(Box::new(other), Path { keys: [member.into()].into(), from_root: from_root.clone() }),
        };
        Ok(Part { op, shape, depth })
    }

    fn is_bound(&self, name: &str) -> bool {
        self.scope.bindings.contains_key(name) || self.variables.iter().any(|(variable, _)| variable == name)
    }

    fn parameter(&mut self, name: &str, at: Span) -> Compiled {
        match self.scope.parameters.iter().position(|known| known == name) {
            Some(place) => Ok(Part { op: Op::Parameter(place), shape: Shape::Anything, depth: 2 }),
            None => {
                let problem = Problem::new(at, format!("the rule has no parameter `{name}`"));
                Err(match did_you_mean(name, self.scope.parameters.iter().map(String::as_str)) {
                    Some(help) => problem.help(help),
                    None => problem.help("declare it under `parameters`"),
                })
            }
        }
    }

    fn index(&mut self, of: &Expr, index: &Expr) -> Compiled {
        let (base, at) = (self.expr(of)?, self.expr(index)?);
        // A key that is written out is a selection; a number takes an element of the same shape.
        let shape = match (&at.op, &base.shape) {
            (Op::Const(Const::Int(_)), shape) => shape.clone(),
            _ => Shape::Anything,
        };
        let depth = base.depth.max(at.depth) + 1;
        Ok(Part { op: Op::Index(Box::new([base.op, at.op])), shape, depth })
    }

    fn list(&mut self, elements: &[Expr]) -> Compiled {
        let (mut parts, mut depth, mut shape) = (Vec::with_capacity(elements.len()), 0, None);
        for element in elements {
            let part = self.expr(element)?;
            depth = depth.max(part.depth);
            shape = Some(match shape {
                None => part.shape,
                Some(shape) => part.shape.or(shape),
            });
            parts.push(part.op);
        }
        let shape = shape.unwrap_or(Shape::Anything);
        let is_fixed = |op: &Op| matches!(op, Op::Const(_));
        if parts.iter().all(is_fixed) {
            let fixed = parts.into_iter().map(|op| match op {
                Op::Const(value) => value,
                _ => Const::Null,
            });
            return Ok(Part { op: Op::Const(Const::List(fixed.collect())), shape, depth: depth + 1 });
        }
        Ok(Part { op: Op::List(parts.into()), shape, depth: depth + 1 })
    }

    fn map(&mut self, entries: &[(Expr, Expr)]) -> Compiled {
        let (mut ops, mut depth) = (Vec::with_capacity(entries.len()), 0);
        for (key, value) in entries {
            let (key, value) = (self.expr(key)?, self.expr(value)?);
            depth = depth.max(key.depth).max(value.depth);
            ops.push((key.op, value.op));
        }
        Ok(Part { op: Op::Map(ops.into()), shape: Shape::Anything, depth: depth + 1 })
    }

    fn binary(&mut self, operator: Binary, left: &Expr, right: &Expr) -> Compiled {
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let shape = match operator {
            Binary::Add => left.shape.clone().or(right.shape.clone()),
            _ => Shape::Scalar,
        };
        let depth = left.depth.max(right.depth) + 1;
        Ok(Part { op: Op::Binary(operator, Box::new([left.op, right.op])), shape, depth })
    }

    fn call(&mut self, expr: &Expr, target: Option<&Expr>, name: &str, name_at: Span, arguments: &[Expr]) -> Compiled {
        if let (Some(target), Some(kind)) = (target, LoopKind::parse(name)) {
            return self.repeat(kind, target, name, name_at, arguments);
        }
        match (name, target) {
            ("has", None) => return self.has(expr.at, arguments),
            ("items" | "accountItems", None) => return self.items(name, expr.at, arguments),
            ("lookup" | "accountLookup", None) => return self.lookup(name, expr.at, arguments),
            _ => {}
        }
        let Some(function) = find(name) else { return Err(unknown_function(name, name_at, target.is_none())) };
        self.scope.asks |= access::is_question(name);
        let all: Vec<&Expr> = target.into_iter().chain(arguments).collect();
        let (least, most) = function.takes;
        if !(least..=most).contains(&all.len()) {
            let less = usize::from(target.is_some());
            let wanted = match (least - less.min(least), most - less) {
                (a, b) if a == b => format!("{a}"),
                (a, b) => format!("{a} to {b}"),
            };
            return Err(Problem::new(expr.at, format!("`{name}` takes {wanted} arguments, not {}", arguments.len())));
        }
        let (mut ops, mut depth, mut first) = (Vec::with_capacity(all.len()), 0, Shape::Scalar);
        for (place, argument) in all.iter().enumerate() {
            let part = self.expr(argument)?;
            depth = depth.max(part.depth);
            if place == 0 {
                first = part.shape;
            }
            ops.push(part.op);
        }
        if name == "matches"
            && let Some(Op::Const(Const::Text(pattern))) = ops.get(1)
        {
            self.scope.patterns += 1;
            if self.scope.patterns > MAX_PATTERNS {
                return Err(Problem::new(all[1].at, format!("a rule has at most {MAX_PATTERNS} patterns")));
            }
            let regex = regex(pattern).map_err(|why| Problem::new(all[1].at, why))?;
            let text = ops.swap_remove(0);
            return Ok(Part { op: Op::Matches(Box::new(text), regex), shape: Shape::Scalar, depth: depth + 1 });
        }
        let shape = match function.gives {
            Gives::Same => first,
            Gives::Scalar => Shape::Scalar,
            Gives::Anything => Shape::Anything,
            Gives::Policy => Shape::Policy,
            Gives::Acl => Shape::Acl,
            Gives::Objects(members) => Shape::Objects(members),
        };
        Ok(Part { op: Op::Call(function, ops.into()), shape, depth: depth + 1 })
    }

    fn has(&mut self, at: Span, arguments: &[Expr]) -> Compiled {
        match arguments {
            [argument] if matches!(argument.kind, ExprKind::Select { .. }) => {
                self.expr(argument)?.wrap(|op| Op::Present(Box::new(op)))
            }
            _ => Err(Problem::new(at, "`has` takes one selection, such as has(configuration.name)")),
        }
    }

    fn repeat(&mut self, kind: LoopKind, range: &Expr, name: &str, name_at: Span, arguments: &[Expr]) -> Compiled {
        let (variable, filter, body) = match arguments {
            [variable, body] => (variable, None, body),
            [variable, filter, body] if kind == LoopKind::Map => (variable, Some(filter), body),
            _ => {
                let message = format!("`{name}` takes a name and an expression, such as list.{name}(x, x.a == 1)");
                return Err(Problem::new(name_at, message));
            }
        };
        let ExprKind::Name(variable) = &variable.kind else {
            return Err(Problem::new(variable.at, "the first argument is the name of the element"));
        };
        let range = self.expr(range)?;
        let slot = self.first_slot + self.variables.len();
        self.variables.push((variable.clone(), range.shape.clone()));
        self.scope.variables = self.scope.variables.max(slot + 1);
        let filter = filter.map(|filter| self.condition(filter)).transpose();
        let body = if kind == LoopKind::Map { self.expr(body) } else { self.condition(body) };
        self.variables.pop();
        let (filter, body) = (filter?, body?);
        let depth = range.depth.max(body.depth).max(filter.as_ref().map_or(0, |filter| filter.depth)) + 1;
        let shape = match kind {
            LoopKind::Filter => range.shape,
            LoopKind::Map => body.shape,
            _ => Shape::Scalar,
        };
        let repeat = Loop { kind, range: range.op, slot, filter: filter.map(|filter| filter.op), body: body.op };
        Ok(Part { op: Op::Loop(Box::new(repeat)), shape, depth })
    }

    fn items(&mut self, name: &str, at: Span, arguments: &[Expr]) -> Compiled {
        let [of] = arguments else {
            return Err(Problem::new(
                at,
                format!("`{name}` takes the name of a type, such as {name}(\"AWS::EC2::VPC\")"),
            ));
        };
        let reach = self.reach(name, of)?;
        let shape = Shape::Item([reach.resource_type.clone()].into());
        Ok(Part { op: Op::Items(reach), shape, depth: 1 })
    }

    fn lookup(&mut self, name: &str, at: Span, arguments: &[Expr]) -> Compiled {
        let [of, path, value] = arguments else {
            return Err(Problem::new(at, format!("`{name}` takes a type, a path and a value")));
        };
        let reach = self.reach(name, of)?;
        let ExprKind::Text(dotted) = &path.kind else {
            return Err(Problem::new(path.at, "the path is written out as a text, such as \"configuration.vpcId\""));
        };
        let item = Shape::Item([reach.resource_type.clone()].into());
        let mut shape = item.clone();
        for key in dotted.split('.') {
            (shape, _) = select(self.scope.types, &shape, key).map_err(|no| {
                let problem = Problem::new(path.at, format!("{} has no member `{key}`", no.of));
                match did_you_mean(key, no.known.iter().map(String::as_str)) {
                    Some(help) => problem.help(help),
                    None => problem,
                }
            })?;
        }
        let value = self.expr(value)?;
        let depth = value.depth + 1;
        let lookup = Lookup { reach, path: Path::parse(dotted), name: dotted.clone(), value: value.op };
        Ok(Part { op: Op::Lookup(Box::new(lookup)), shape: item, depth })
    }

    /// The type that is named, and where the function looks for it.
    fn reach(&mut self, function: &str, of: &Expr) -> Result<Reach, Problem> {
        let ExprKind::Text(name) = &of.kind else {
            return Err(Problem::new(of.at, "the type is written out as a text, such as \"AWS::EC2::VPC\""));
        };
        let resource_type = ResourceType::parse(name).map_err(|error| Problem::new(of.at, error.to_string()))?;
        let known = self.scope.reads.iter().chain(self.scope.subject.iter());
        if !known.clone().any(|known| *known == resource_type) {
            let problem = Problem::new(of.at, format!("`{name}` is neither in `reads` nor in `resources`"));
            let exists = self.scope.types.get(&resource_type).is_some();
            let near = did_you_mean(name, known.map(ResourceType::as_str)).filter(|_| !exists);
            return Err(problem.help(near.unwrap_or_else(|| "add it to `reads`".to_owned())));
        }
        let is_account = name == ResourceType::ACCOUNT;
        let global = |of: &ResourceType| self.scope.types.is_global(of) && of.as_str() != ResourceType::ACCOUNT;
        let area = match function {
            "accountItems" | "accountLookup" => Area::Account,
            _ if global(&resource_type) => Area::Global,
            // The judged item of a global type has no region in which to look for a regional type.
            _ if !is_account && !self.scope.subject.is_empty() && self.scope.subject.iter().all(global) => {
                let other = if function == "items" { "accountItems" } else { "accountLookup" };
                let message = format!("`{name}` belongs to a region, and the judged item to none");
                return Err(Problem::new(of.at, message).help(format!("use `{other}`")));
            }
            _ => Area::Region,
        };
        self.scope.looked_at.insert(resource_type.clone());
        Ok(Reach { resource_type, area })
    }
}

impl Part {
    fn wrap(self, make: impl FnOnce(Op) -> Op) -> Compiled {
        Ok(Part { op: make(self.op), shape: Shape::Scalar, depth: self.depth + 1 })
    }
}

fn unknown_function(name: &str, at: Span, global: bool) -> Problem {
    const SPECIAL: [&str; 9] =
        ["has", "all", "exists", "exists_one", "filter", "map", "items", "lookup", "accountItems"];
    let problem = Problem::new(at, format!("unknown function `{name}`"));
    if global && LoopKind::parse(name).is_some() {
        return problem.help(format!("write `list.{name}(x, ...)`"));
    }
    let known = FUNCTIONS.iter().map(|function| function.name).chain(SPECIAL).chain(["accountLookup"]);
    match did_you_mean(name, known) {
        Some(help) => problem.help(help),
        None => problem,
    }
}
