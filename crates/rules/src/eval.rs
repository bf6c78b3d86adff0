//! Computes an expression for one item. Absent is null, what is not known stays unknown, nothing panics.

use std::ops::ControlFlow;
use std::rc::Rc;

use crate::frame::Frame;
use crate::program::{Lookup, Loop, LoopKind, Op};
use crate::syntax::Binary;
use crate::value::{Truth, Val};
use crate::world::{Look, keys_of};

/// Longest text that a check may make, in bytes.
const MAX_MADE: usize = 1 << 20;
/// Bytes of text that a function reads in one step.
const TEXT_STEP: usize = 256;
/// Steps that one search in an index costs.
const LOOKUP_STEPS: usize = 16;

impl<'a> Frame<'a> {
    pub fn eval(&mut self, op: &'a Op) -> Val<'a> {
        match op {
            Op::Const(value) => Val::of_const(value),
            Op::Parameter(at) => self.parameters.get(*at).map_or(Val::Null, Val::of_const),
            Op::Binding(at) => self.binding(*at),
            Op::Variable(slot) => self.variables[*slot].clone(),
            Op::Member(path) => path.of_item(self.item),
            Op::Below(base, path) => {
                let base = self.eval(base);
                path.of(&base)
            }
            Op::Present(of) => match self.eval(of) {
                unknown @ Val::Unknown(_) => unknown,
                list if list.is_list() => Val::Bool(list.size() != Some(0)),
                value => Val::Bool(!value.is_null()),
            },
            Op::Index(pair) => {
                let (base, index) = (self.eval(&pair[0]), self.eval(&pair[1]));
                index_of(&base, &index)
            }
            Op::Not(_) | Op::And(_) | Op::Or(_) => self.truth(op).into(),
            Op::Negate(of) => {
                let value = self.eval(of);
                negate(value)
            }
            Op::If(parts) => match self.truth(&parts[0]) {
                Truth::True => self.eval(&parts[1]),
                Truth::False => self.eval(&parts[2]),
                Truth::Unknown(why) => Val::Unknown(why),
            },
            Op::Binary(operator, pair) => self.binary(*operator, &pair[0], &pair[1]),
            Op::List(ops) => self.list(ops),
            Op::Map(entries) => self.map(entries),
            Op::Loop(repeat) => self.repeat(repeat),
            Op::Call(function, ops) => self.call(function, ops),
            Op::Matches(text, regex) => match self.eval(text) {
                unknown @ Val::Unknown(_) => unknown,
                Val::Null => Val::Bool(false),
                value => match value.text() {
                    Some(text) => Val::Bool(regex.is_match(text)),
                    None => Val::failed(format!("`matches` needs a text, not a value of type {}", value.type_name())),
                },
            },
            Op::Now => {
                self.holds_until(self.now);
                Val::Time(self.now)
            }
            Op::Items(reach) => {
                let place = self.place(reach);
                self.saw(Look::Items(place.clone()));
                match self.world.items(&place) {
                    Ok(items) => self.charged(items),
                    Err(why) => Val::Unknown(Rc::new(why)),
                }
            }
            Op::Lookup(lookup) => self.lookup(lookup),
        }
    }

    /// The expression as a condition, without making a value where none is needed.
    pub fn truth(&mut self, op: &'a Op) -> Truth {
        match op {
            Op::Not(of) => self.truth(of).not(),
            Op::And(terms) => self.decide(terms, Truth::False, Truth::True),
            Op::Or(terms) => self.decide(terms, Truth::True, Truth::False),
            _ => self.eval(op).truth(),
        }
    }

    /// One `decisive` term decides, whatever is unknown before or after it.
    fn decide(&mut self, terms: &'a [Op], decisive: Truth, otherwise: Truth) -> Truth {
        let mut unknown = None;
        for term in terms {
            let truth = self.truth(term);
            if truth == decisive {
                return decisive;
            }
            if let Truth::Unknown(_) = truth {
                unknown = unknown.or(Some(truth));
            }
        }
        unknown.unwrap_or(otherwise)
    }

    fn binding(&mut self, at: usize) -> Val<'a> {
        if let Some(Some(value)) = self.bound.get(at) {
            return value.clone();
        }
        let bindings = self.bindings;
        let Some(op) = bindings.get(at) else { return Val::Null };
        let value = self.eval(op);
        self.bound[at] = Some(value.clone());
        value
    }

    fn list(&mut self, ops: &'a [Op]) -> Val<'a> {
        let mut values = Vec::with_capacity(ops.len());
        for op in ops {
            match self.eval(op) {
                unknown @ Val::Unknown(_) => return unknown,
                value => values.push(value),
            }
        }
        Val::list(values)
    }

    fn map(&mut self, entries: &'a [(Op, Op)]) -> Val<'a> {
        let mut members: Vec<(Val<'a>, Val<'a>)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let (key, value) = (self.eval(key), self.eval(value));
            if let Some(unknown) = [&key, &value].into_iter().find(|value| matches!(value, Val::Unknown(_))) {
                return unknown.clone();
            }
            if members.iter().any(|(other, _)| other.same(&key)) {
                return Val::failed("a map has the same key twice");
            }
            members.push((key, value));
        }
        Val::Map(members.into())
    }

    fn call(&mut self, function: &'static crate::functions::Function, ops: &'a [Op]) -> Val<'a> {
        // Nearly all calls have few arguments: they need no list.
        let mut few: [Val<'a>; 3] = [Val::Null, Val::Null, Val::Null];
        let mut many = Vec::new();
        let arguments = if ops.len() <= few.len() {
            &mut few[..ops.len()]
        } else {
            many.resize(ops.len(), Val::Null);
            &mut many[..]
        };
        for (argument, op) in arguments.iter_mut().zip(ops) {
            *argument = self.eval(op);
            if let Val::Unknown(_) = argument {
                return argument.clone();
            }
        }
        // Long texts cost what reading them costs; short ones are free.
        let length: usize = arguments.iter().map(|argument| argument.text().map_or(0, str::len)).sum();
        if length > TEXT_STEP
            && let Err(spent) = self.charge(length / TEXT_STEP)
        {
            return spent;
        }
        (function.call)(self, arguments)
    }

    fn lookup(&mut self, lookup: &'a Lookup) -> Val<'a> {
        let value = self.eval(&lookup.value);
        if let Val::Unknown(_) = value {
            return value;
        }
        let (place, keys) = (self.place(&lookup.reach), keys_of(&value));
        if let Err(spent) = self.charge(keys.len() * LOOKUP_STEPS) {
            return spent;
        }
        for key in &keys {
            self.saw(Look::Lookup(place.clone(), lookup.name.clone(), key.clone()));
        }
        if keys.is_empty() {
            // Nothing is looked for, so nothing needs to be listed.
            return Val::list(Vec::new());
        }
        match self.world.lookup(&place, &lookup.path, &lookup.name, &keys) {
            Ok(found) => self.charged(found),
            Err(why) => Val::Unknown(Rc::new(why)),
        }
    }

    /// A list that was made, once it is paid for. A listing of the world is lent, not made.
    fn charged(&mut self, list: Val<'a>) -> Val<'a> {
        match list {
            Val::List(_) => match self.charge(list.size().unwrap_or(0)) {
                Ok(()) => list,
                Err(spent) => spent,
            },
            lent => lent,
        }
    }

    fn binary(&mut self, operator: Binary, left: &'a Op, right: &'a Op) -> Val<'a> {
        let left = self.eval(left);
        if let Val::Unknown(_) = left {
            return left;
        }
        let right = self.eval(right);
        if let Val::Unknown(_) = right {
            return right;
        }
        // Comparing and searching lists costs their length.
        if let Err(spent) = self.charge(list_size(&left) + list_size(&right)) {
            return spent;
        }
        let ordered = |wanted: fn(std::cmp::Ordering) -> bool| Val::Bool(left.order(&right).is_some_and(wanted));
        match operator {
            Binary::Equal => Val::Bool(left.same(&right)),
            Binary::NotEqual => Val::Bool(!left.same(&right)),
            Binary::Less => ordered(std::cmp::Ordering::is_lt),
            Binary::LessOrEqual => ordered(std::cmp::Ordering::is_le),
            Binary::Greater => ordered(std::cmp::Ordering::is_gt),
            Binary::GreaterOrEqual => ordered(std::cmp::Ordering::is_ge),
            Binary::In => contains(&right, &left),
            Binary::Add => self.add(left, right),
            arithmetic => compute(arithmetic, &left, &right),
        }
    }

    fn add(&mut self, left: Val<'a>, right: Val<'a>) -> Val<'a> {
        if let (Some(a), Some(b)) = (left.text(), right.text()) {
            return match a.len() + b.len() {
                length if length > MAX_MADE => too_long(),
                _ => self.made([a, b].concat()),
            };
        }
        match (left.is_list(), right.is_list()) {
            (true, true) => {}
            (true, false) if right.is_null() => return left,
            (false, true) if left.is_null() => return right,
            _ => return compute(Binary::Add, &left, &right),
        }
        let mut joined = Vec::with_capacity(left.size().unwrap_or(0) + right.size().unwrap_or(0));
        if let Err(spent) = self.charge(joined.capacity()) {
            return spent;
        }
        for list in [left, right] {
            let _ = list.each(|element| {
                joined.push(element);
                ControlFlow::Continue(())
            });
        }
        Val::list(joined)
    }

    /// A text that the check made, within limits.
    pub fn made(&mut self, text: String) -> Val<'a> {
        if text.len() > MAX_MADE {
            return too_long();
        }
        match self.charge(text.len() / 16) {
            Ok(()) => Val::made(text),
            Err(spent) => spent,
        }
    }

    fn repeat(&mut self, repeat: &'a Loop) -> Val<'a> {
        let range = self.eval(&repeat.range);
        match repeat.kind {
            LoopKind::All => self.search(repeat, &range, Truth::False, Truth::True).into(),
            LoopKind::Exists => self.search(repeat, &range, Truth::True, Truth::False).into(),
            LoopKind::ExistsOne => self.count_to_two(repeat, &range),
            LoopKind::Filter | LoopKind::Map => self.collect(repeat, &range),
        }
    }

    /// Runs the body for each element until it says to stop; an unknown range or a spent budget is the answer.
    fn each(
        &mut self,
        repeat: &'a Loop,
        range: &Val<'a>,
        mut body: impl FnMut(&mut Self, &Val<'a>) -> ControlFlow<()>,
    ) -> Result<(), Val<'a>> {
        let mut spent = None;
        range.each(|element| {
            if let Err(why) = self.charge(1) {
                spent = Some(why);
                return ControlFlow::Break(());
            }
            self.variables[repeat.slot] = element.clone();
            body(self, &element)
        })?;
        match spent {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }

    fn search(&mut self, repeat: &'a Loop, range: &Val<'a>, decisive: Truth, otherwise: Truth) -> Truth {
        let mut found = otherwise;
        let done = self.each(repeat, range, |frame, _| {
            let truth = frame.truth(&repeat.body);
            if truth == decisive || frame.is_spent() {
                found = truth;
                return ControlFlow::Break(());
            }
            if matches!(truth, Truth::Unknown(_)) && !matches!(found, Truth::Unknown(_)) {
                found = truth;
            }
            ControlFlow::Continue(())
        });
        match done {
            Ok(()) => found,
            Err(why) => why.truth(),
        }
    }

    fn count_to_two(&mut self, repeat: &'a Loop, range: &Val<'a>) -> Val<'a> {
        let (mut count, mut unknown) = (0, None);
        let done = self.each(repeat, range, |frame, _| {
            match frame.truth(&repeat.body) {
                Truth::True => count += 1,
                Truth::False => {}
                Truth::Unknown(why) => unknown = Some(why),
            }
            if count > 1 || frame.is_spent() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match (done, unknown) {
            (Err(why), _) => why,
            (Ok(()), _) if count > 1 => Val::Bool(false),
            (Ok(()), Some(why)) => Val::Unknown(why),
            (Ok(()), None) => Val::Bool(count == 1),
        }
    }

    fn collect(&mut self, repeat: &'a Loop, range: &Val<'a>) -> Val<'a> {
        let (mut values, mut unknown) = (Vec::new(), None);
        let done = self.each(repeat, range, |frame, element| {
            let condition = if repeat.kind == LoopKind::Filter { Some(&repeat.body) } else { repeat.filter.as_ref() };
            match condition.map_or(Truth::True, |condition| frame.truth(condition)) {
                Truth::False => return ControlFlow::Continue(()),
                Truth::Unknown(why) => unknown = Some(Val::Unknown(why)),
                Truth::True if repeat.kind == LoopKind::Filter => values.push(element.clone()),
                Truth::True => match frame.eval(&repeat.body) {
                    why @ Val::Unknown(_) => unknown = Some(why),
                    value => values.push(value),
                },
            }
            if unknown.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match (done, unknown) {
            (Err(why), _) | (Ok(()), Some(why)) => why,
            (Ok(()), None) => Val::list(values),
        }
    }
}

fn too_long<'a>() -> Val<'a> {
    Val::failed(format!("the rule makes a text of more than {MAX_MADE} bytes"))
}

fn list_size(value: &Val<'_>) -> usize {
    match value {
        Val::Node(..) | Val::Consts(_) | Val::List(_) | Val::Items(_) | Val::Map(_) => value.size().unwrap_or(0) / 4,
        _ => 0,
    }
}

/// An element by its number or a member by its key; what is not there is absent.
fn index_of<'a>(base: &Val<'a>, index: &Val<'a>) -> Val<'a> {
    if let Some(unknown) = [base, index].into_iter().find(|value| matches!(value, Val::Unknown(_))) {
        return unknown.clone();
    }
    if !base.is_list() {
        return match base {
            Val::Item(_) => index.text().map_or(Val::Null, |key| base.member(key)),
            _ => base.at_key(index),
        };
    }
    let Val::Int(wanted) = index else { return Val::Null };
    let (mut at, mut found) = (0, Val::Null);
    let _ = base.each(|element| {
        let here = at == *wanted;
        at += 1;
        if here {
            found = element;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    found
}

/// Whether a list has an element or a map a key; absent has none and null is in none.
pub(crate) fn contains<'a>(holder: &Val<'a>, wanted: &Val<'a>) -> Val<'a> {
    if wanted.is_null() || holder.is_null() {
        return Val::Bool(false);
    }
    match holder {
        Val::Map(_) => return Val::Bool(holder.has_key(wanted)),
        Val::Node(..) if !holder.is_list() => return Val::Bool(holder.has_key(wanted)),
        _ => {}
    }
    let mut found = false;
    match holder.each(|element| {
        found = element.same(wanted);
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }) {
        Ok(()) => Val::Bool(found),
        Err(why) => why,
    }
}

fn negate(value: Val<'_>) -> Val<'_> {
    match value {
        Val::Int(int) => int.checked_neg().map_or_else(|| Val::failed("a number does not fit into 64 bits"), Val::Int),
        Val::Double(double) => Val::Double(-double),
        same @ (Val::Null | Val::Unknown(_)) => same,
        other => Val::failed(format!("`-` needs a number, not a value of type {}", other.type_name())),
    }
}

/// Arithmetic on numbers; with null the result is null.
fn compute<'a>(operator: Binary, left: &Val<'a>, right: &Val<'a>) -> Val<'a> {
    if left.is_null() || right.is_null() {
        return Val::Null;
    }
    if let (Val::Int(a), Val::Int(b)) = (left, right) {
        let whole = match operator {
            Binary::Add => a.checked_add(*b),
            Binary::Subtract => a.checked_sub(*b),
            Binary::Multiply => a.checked_mul(*b),
            Binary::Divide => a.checked_div(*b),
            _ => a.checked_rem(*b),
        };
        return whole
            .map_or_else(|| Val::failed(format!("{a} {} {b} is no number of 64 bits", operator.as_str())), Val::Int);
    }
    match (left.number(), right.number()) {
        (Some(a), Some(b)) => match operator {
            Binary::Add => Val::Double(a + b),
            Binary::Subtract => Val::Double(a - b),
            Binary::Multiply => Val::Double(a * b),
            Binary::Divide => Val::Double(a / b),
            _ => Val::failed("`%` needs whole numbers"),
        },
        _ => Val::failed(format!(
            "`{}` does not work between values of types {} and {}",
            operator.as_str(),
            left.type_name(),
            right.type_name()
        )),
    }
}
