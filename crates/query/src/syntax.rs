//! The syntax tree of a query.

use std::ops::Range;

/// A parsed query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub select: Vec<Selected>,
    pub filter: Option<Condition>,
    pub group: Vec<Property>,
    pub order: Vec<Order>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Selected {
    /// `*`: the top-level scalars.
    All,
    Property(Property),
    Aggregate(Aggregate),
}

/// A property by its path, such as `configuration.state.name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    pub path: Vec<String>,
    /// Bytes of the text.
    pub at: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    pub function: Function,
    /// None: `COUNT(*)`.
    pub argument: Option<Property>,
    pub at: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Count,
    Sum,
    Min,
    Max,
    Avg,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// A property or an aggregate.
    pub by: Selected,
    pub direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test(Property, Test),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Compare(Comparison, Literal),
    Between(Literal, Literal),
    In(Vec<Literal>),
    Like(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Text(String),
    /// As it was written.
    Number(String),
    Bool(bool),
}

impl Function {
    pub const ALL: [Self; 5] = [Self::Count, Self::Sum, Self::Min, Self::Max, Self::Avg];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Avg => "AVG",
        }
    }
}

impl Property {
    /// The path as it is written; the name of the column.
    pub fn name(&self) -> String {
        let part = |part: &String| {
            if part.contains(['.', '"', '`']) { format!("\"{}\"", part.replace('"', "\"\"")) } else { part.clone() }
        };
        self.path.iter().map(part).collect::<Vec<_>>().join(".")
    }
}

impl Aggregate {
    /// Such as `COUNT(*)`; the name of the column.
    pub fn name(&self) -> String {
        let argument = self.argument.as_ref().map_or_else(|| "*".to_owned(), Property::name);
        format!("{}({argument})", self.function.as_str())
    }
}

impl Selected {
    fn property_mut(&mut self) -> Option<&mut Property> {
        match self {
            Self::All => None,
            Self::Property(property) => Some(property),
            Self::Aggregate(aggregate) => aggregate.argument.as_mut(),
        }
    }

    /// The name of the column; empty for `*`, which is many.
    pub fn name(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Property(property) => property.name(),
            Self::Aggregate(aggregate) => aggregate.name(),
        }
    }
}

impl Query {
    /// Every property that is named, in the order of the clauses.
    pub fn properties_mut(&mut self) -> Vec<&mut Property> {
        let mut all = Vec::new();
        all.extend(self.select.iter_mut().filter_map(Selected::property_mut));
        if let Some(filter) = &mut self.filter {
            filter.properties_mut(&mut all);
        }
        all.extend(self.group.iter_mut());
        all.extend(self.order.iter_mut().filter_map(|order| order.by.property_mut()));
        all
    }

    pub(crate) fn aggregates(&self) -> bool {
        !self.group.is_empty() || self.select.iter().any(|selected| matches!(selected, Selected::Aggregate(_)))
    }
}

impl Condition {
    fn properties_mut<'a>(&'a mut self, all: &mut Vec<&'a mut Property>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter_mut().for_each(|part| part.properties_mut(all)),
            Self::Not(part) => part.properties_mut(all),
            Self::Test(property, _) => all.push(property),
        }
    }
}
