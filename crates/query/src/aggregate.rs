//! COUNT, SUM, MIN, MAX and AVG: what is kept of a group while rows come, and how two threads' parts join.

use std::cmp::Ordering;

use serde_json::Value;

use crate::scalar::{Number, Scalar};
use crate::syntax::Function;

#[derive(Debug, Clone)]
pub(crate) enum Accumulator {
    Count(u64),
    Sum(Total),
    Mean(Total),
    Least(Option<Scalar<'static>>),
    Most(Option<Scalar<'static>>),
}

/// A sum that stays exact while all numbers are whole.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Total {
    whole: i128,
    real: f64,
    reals: u64,
    count: u64,
}

impl Total {
    fn add(&mut self, number: Number) {
        self.count += 1;
        match number {
            Number::Whole(whole) => self.whole = self.whole.saturating_add(whole.into()),
            Number::Real(real) => {
                self.real += real;
                self.reals += 1;
            }
        }
    }

    fn join(&mut self, other: Self) {
        self.whole = self.whole.saturating_add(other.whole);
        self.real += other.real;
        self.reals += other.reals;
        self.count += other.count;
    }

    fn sum(self) -> Value {
        match i64::try_from(self.whole) {
            _ if self.count == 0 => Value::Null,
            Ok(whole) if self.reals == 0 => whole.into(),
            _ => (self.whole as f64 + self.real).into(),
        }
    }

    fn mean(self) -> Value {
        if self.count == 0 { Value::Null } else { ((self.whole as f64 + self.real) / self.count as f64).into() }
    }
}

impl Accumulator {
    pub(crate) fn new(function: Function) -> Self {
        match function {
            Function::Count => Self::Count(0),
            Function::Sum => Self::Sum(Total::default()),
            Function::Avg => Self::Mean(Total::default()),
            Function::Min => Self::Least(None),
            Function::Max => Self::Most(None),
        }
    }

    /// Counts a row.
    pub(crate) fn row(&mut self) {
        if let Self::Count(count) = self {
            *count += 1;
        }
    }

    /// Takes one value of a row; false when the function can do nothing with it.
    pub(crate) fn value(&mut self, value: &Scalar<'_>) -> bool {
        let keep = |kept: &mut Option<Scalar<'static>>, wanted: Ordering| {
            if kept.as_ref().is_none_or(|kept| value.order(kept) == wanted) {
                *kept = Some(value.clone().into_owned());
            }
        };
        match (self, value) {
            (_, Scalar::Null) => {}
            (Self::Count(_), _) => {}
            (Self::Least(kept), _) => keep(kept, Ordering::Less),
            (Self::Most(kept), _) => keep(kept, Ordering::Greater),
            (Self::Sum(total) | Self::Mean(total), Scalar::Number(number)) => total.add(*number),
            (Self::Sum(_) | Self::Mean(_), _) => return false,
        }
        true
    }

    pub(crate) fn join(&mut self, other: Self) {
        match (self, other) {
            (Self::Count(count), Self::Count(more)) => *count += more,
            (Self::Sum(total), Self::Sum(more)) | (Self::Mean(total), Self::Mean(more)) => total.join(more),
            (least @ Self::Least(_), Self::Least(Some(value))) | (least @ Self::Most(_), Self::Most(Some(value))) => {
                least.value(&value);
            }
            _ => {}
        }
    }

    pub(crate) fn result(&self) -> Value {
        match self {
            Self::Count(count) => (*count).into(),
            Self::Sum(total) => total.sum(),
            Self::Mean(total) => total.mean(),
            Self::Least(kept) | Self::Most(kept) => kept.as_ref().map_or(Value::Null, Scalar::to_value),
        }
    }
}
