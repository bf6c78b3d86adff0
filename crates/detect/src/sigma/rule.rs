//! Sigma's documents: rules, correlations and filters, several in one file, with what is wrong in them.

use std::ops::Range;
use std::sync::Arc;

use haechi_content::yaml::{Limits, Node, NodeValue, read_all};
use haechi_content::{Diagnostic, Source, Timespan};
use haechi_model::{Log, ThreatScore};

use super::condition::Condition;
use super::selection::{Dialect, Placeholders, Reader, Search};

/// What rules, correlations and filters have in common.
#[derive(Debug, Clone)]
pub struct SigmaRule {
    /// `id`, else `name`, else the title.
    pub id: String,
    pub name: Option<String>,
    pub title: String,
    pub score: ThreatScore,
    pub attack: Vec<String>,
    pub source: Source,
    pub(crate) span: Range<usize>,
    pub(crate) body: SigmaBody,
}

#[derive(Debug, Clone)]
pub(crate) enum SigmaBody {
    Rule { log: Log, search: Arc<Search> },
    Correlation(Correlation),
    Filter { log: Log, rules: Named, search: Arc<Search> },
}

/// Which rules a filter is for.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    Any,
    These(Vec<(String, Range<usize>)>),
}

/// Events of several rules that come together.
#[derive(Debug, Clone)]
pub struct Correlation {
    pub kind: CorrelationKind,
    /// Ids or names of rules, in order.
    pub rules: Vec<String>,
    /// Fields, or aliases of them.
    pub group_by: Vec<String>,
    pub timespan: Timespan,
    pub limits: Vec<(Limit, u64)>,
    /// Of value_count: whose distinct values are counted.
    pub fields: Vec<String>,
    /// Alias, rule, and its field there.
    pub aliases: Vec<(String, String, String)>,
    /// The rules make threats by themselves too.
    pub generate: bool,
    pub(crate) spans: Vec<Range<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrelationKind {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
}

/// What a count must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Equal,
    Differs,
}

impl Limit {
    pub const fn holds(self, count: u64, limit: u64) -> bool {
        match self {
            Limit::Less => count < limit,
            Limit::LessOrEqual => count <= limit,
            Limit::More => count > limit,
            Limit::MoreOrEqual => count >= limit,
            Limit::Equal => count == limit,
            Limit::Differs => count != limit,
        }
    }
}

const LIMITS: [(&str, Limit); 6] = [
    ("lt", Limit::Less),
    ("lte", Limit::LessOrEqual),
    ("gt", Limit::More),
    ("gte", Limit::MoreOrEqual),
    ("eq", Limit::Equal),
    ("neq", Limit::Differs),
];

impl Correlation {
    /// Whether a count is what the condition asks for.
    pub fn holds(&self, count: u64) -> bool {
        self.limits.iter().all(|(limit, number)| limit.holds(count, *number))
    }

    /// The field that a group key or an alias means in the events of a rule.
    pub fn field_of<'c>(&'c self, name: &'c str, rule: &str) -> &'c str {
        let alias = self.aliases.iter().find(|(alias, of, _)| alias == name && of == rule);
        alias.map_or(name, |(_, _, field)| field)
    }
}

/// A document that could not be taken: who it is, as far as that could be read, and why.
#[derive(Debug, Clone)]
pub struct Refused {
    pub id: String,
    pub title: String,
    pub problems: Vec<Diagnostic>,
}

/// The documents of one file.
#[derive(Debug, Clone, Default)]
pub struct SigmaFile {
    pub rules: Vec<SigmaRule>,
    pub refused: Vec<Refused>,
}

/// Reads a file of Sigma rules.
pub fn read_sigma(source: &Source, placeholders: &Placeholders) -> SigmaFile {
    let mut file = SigmaFile::default();
    let documents = match read_all(source, Limits::CONTENT) {
        Ok(documents) => documents,
        Err(problem) => {
            let name = source.name.to_string();
            file.refused.push(Refused { id: name.clone(), title: name, problems: vec![problem] });
            return file;
        }
    };
    for node in &documents {
        let mut document = Document { source, node, reader: Reader::new(source, Dialect::Sigma, placeholders) };
        match document.rule() {
            Some(rule) if document.reader.problems.is_empty() => file.rules.push(rule),
            _ => {
                let (id, title) = document.names();
                file.refused.push(Refused { id, title, problems: document.reader.problems });
            }
        }
    }
    file
}

struct Document<'d> {
    source: &'d Source,
    node: &'d Node,
    reader: Reader<'d>,
}

impl Document<'_> {
    fn wrong(&mut self, node: &Node, message: impl Into<String>) {
        let problem = self.source.diagnostic(node.span(), message);
        self.reader.problems.push(problem);
    }

    fn text(&self, name: &str) -> Option<String> {
        self.node.get(name).and_then(Node::text).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn names(&self) -> (String, String) {
        let title = self.text("title").unwrap_or_else(|| self.source.name.to_string());
        (self.text("id").or_else(|| self.text("name")).unwrap_or_else(|| title.clone()), title)
    }

    fn rule(&mut self) -> Option<SigmaRule> {
        let node = self.node;
        if node.entries().is_none() {
            self.wrong(node, "a Sigma rule is a map with `title`, `logsource` and `detection`");
            return None;
        }
        if let Some((key, _)) = node.entry("action") {
            self.wrong(key, "`action` belongs to rule collections of Sigma 1: write each rule out");
            return None;
        }
        let score = self.score();
        let (id, title) = self.names();
        let body = if let Some(correlation) = node.get("correlation") {
            SigmaBody::Correlation(self.correlation(correlation)?)
        } else if let Some(filter) = node.get("filter") {
            self.filter(filter)?
        } else if let Some(detection) = node.get("detection") {
            let log = self.log();
            let search = self.search(detection);
            SigmaBody::Rule { log: log?, search: Arc::new(search?) }
        } else {
            self.wrong(node, "it has no `detection`, `correlation` or `filter`");
            return None;
        };
        let source = self.source.clone();
        Some(SigmaRule {
            id,
            name: self.text("name"),
            title,
            score,
            attack: self.attack(),
            source,
            span: node.span(),
            body,
        })
    }

    fn search(&mut self, detection: &Node) -> Option<Search> {
        let search = self.reader.search(detection)?;
        if search.condition.is_none() {
            self.wrong(detection, "it has no `condition`");
            return None;
        }
        Some(search)
    }

    /// Sigma's levels as GuardDuty's numbers.
    fn score(&mut self) -> ThreatScore {
        let level = self.text("level");
        let value = match level.as_deref().map(str::to_ascii_lowercase).as_deref() {
            Some("informational") => 1.0,
            Some("low") => 2.0,
            Some("high") => 8.0,
            Some("critical") => 9.5,
            None | Some("medium") => 5.0,
            Some(other) => {
                if let Some(node) = self.node.get("level") {
                    let message = format!("`{other}` is no level");
                    let problem = self.source.diagnostic(node.span(), message);
                    let known = ["informational", "low", "medium", "high", "critical"];
                    self.reader.problems.push(problem.suggest(other, known));
                }
                5.0
            }
        };
        ThreatScore::new(value).unwrap_or_else(|_| unreachable!("the five numbers are within 1 to 10"))
    }

    /// `attack.t1562.008` among the tags is the technique T1562.008.
    fn attack(&self) -> Vec<String> {
        let tags = self.node.get("tags").and_then(Node::list).unwrap_or_default();
        let technique = |tag: &Node| {
            let number = tag.text()?.strip_prefix("attack.t")?;
            let fits = number.len() >= 4 && number.bytes().all(|letter| letter.is_ascii_digit() || letter == b'.');
            fits.then(|| format!("T{number}"))
        };
        tags.iter().filter_map(technique).collect()
    }

    /// The log that `logsource` means.
    fn log(&mut self) -> Option<Log> {
        let Some(node) = self.node.get("logsource") else {
            self.wrong(self.node, "it has no `logsource`");
            return None;
        };
        let part = |name: &str| node.get(name).and_then(Node::text).map(str::to_ascii_lowercase);
        let (product, service, category) = (part("product"), part("service"), part("category"));
        let log = log_of(product.as_deref(), service.as_deref(), category.as_deref());
        if log.is_none() {
            let named: Vec<_> = [product, service, category].into_iter().flatten().collect();
            let problem = self
                .source
                .diagnostic(node.span(), format!("it cannot be run: {} is no log that is read here", named.join(" ")));
            self.reader.problems.push(problem.help("product aws with service cloudtrail, vpcflow, route53resolver, s3_access, rds or waf; product kubernetes with service audit"));
        }
        log
    }

    fn filter(&mut self, filter: &Node) -> Option<SigmaBody> {
        let log = self.log();
        let Some((_, rules)) = filter.entry("rules") else {
            self.wrong(filter, "a filter names its `rules`, or `any`");
            return None;
        };
        let named = match &rules.value {
            NodeValue::Scalar { text, .. } if text == "any" => Named::Any,
            NodeValue::Scalar { text, .. } => Named::These(vec![(text.clone(), rules.span())]),
            NodeValue::List(list) => {
                Named::These(list.iter().filter_map(|node| Some((node.text()?.to_owned(), node.span()))).collect())
            }
            NodeValue::Map(_) => {
                self.wrong(rules, "ids or names of rules, or `any`, are expected here");
                return None;
            }
        };
        // What is not `rules` is a detection.
        let mut detection = filter.clone();
        if let NodeValue::Map(entries) = &mut detection.value {
            entries.retain(|(key, _)| key.text() != Some("rules"));
        }
        let search = self.search(&detection);
        Some(SigmaBody::Filter { log: log?, rules: named, search: Arc::new(search?) })
    }

    fn correlation(&mut self, node: &Node) -> Option<Correlation> {
        let before = self.reader.problems.len();
        if let Some((key, _)) = node.entries().unwrap_or_default().iter().find(|(key, _)| {
            let known = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];
            key.text().is_none_or(|key| !known.contains(&key))
        }) {
            let known = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];
            let name = key.text().unwrap_or_default();
            let problem = self.source.diagnostic(key.span(), format!("a correlation has no `{name}`"));
            self.reader.problems.push(problem.suggest(name, known));
        }
        let kind = self.kind(node)?;
        let mut spans = Vec::new();
        let rules = self.texts(node, "rules", &mut spans);
        if rules.is_empty() {
            self.wrong(node.get("rules").unwrap_or(node), "a correlation names its `rules`");
        }
        if rules.len() > MOST_RULES {
            self.wrong(node.at(&["rules"]), format!("a correlation has at most {MOST_RULES} rules"));
        }
        let group_by = self.texts(node, "group-by", &mut Vec::new());
        for path in &group_by {
            if let Some(what) = super::wrong_path(path) {
                self.wrong(node.at(&["group-by"]), what);
            }
        }
        let timespan = self.timespan(node);
        let (limits, fields) = self.limits(node, kind);
        let aliases = self.aliases(node);
        let generate = match node.get("generate").or_else(|| self.node.get("generate")).map(|node| (node, node.text()))
        {
            None => false,
            Some((_, Some("true" | "True"))) => true,
            Some((_, Some("false" | "False"))) => false,
            Some((node, _)) => {
                self.wrong(node, "`generate` is true or false");
                false
            }
        };
        let timespan = timespan?;
        (self.reader.problems.len() == before).then_some(Correlation {
            kind,
            rules,
            group_by,
            timespan,
            limits,
            fields,
            aliases,
            generate,
            spans,
        })
    }

    fn kind(&mut self, node: &Node) -> Option<CorrelationKind> {
        const KINDS: [(&str, CorrelationKind); 4] = [
            ("event_count", CorrelationKind::EventCount),
            ("value_count", CorrelationKind::ValueCount),
            ("temporal", CorrelationKind::Temporal),
            ("temporal_ordered", CorrelationKind::TemporalOrdered),
        ];
        let Some(kind_at) = node.get("type") else {
            self.wrong(node, "a correlation has a `type`");
            return None;
        };
        let name = kind_at.text().unwrap_or_default();
        let kind = KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        if kind.is_none() {
            let problem =
                self.source.diagnostic(kind_at.span(), format!("there is no correlation of type `{name}` here"));
            self.reader.problems.push(problem.suggest(name, KINDS.iter().map(|(known, _)| *known)));
        }
        kind
    }

    fn texts(&mut self, node: &Node, name: &str, spans: &mut Vec<Range<usize>>) -> Vec<String> {
        let Some(value) = node.get(name) else { return Vec::new() };
        let nodes = match &value.value {
            NodeValue::List(list) => list.as_slice(),
            _ => std::slice::from_ref(value),
        };
        let mut texts = Vec::new();
        for node in nodes {
            match node.text() {
                Some(text) if !text.is_empty() => {
                    texts.push(text.to_owned());
                    spans.push(node.span());
                }
                _ => self.wrong(node, format!("`{name}` is a list of names")),
            }
        }
        texts
    }

    fn timespan(&mut self, node: &Node) -> Option<Timespan> {
        let Some(at) = node.get("timespan") else {
            self.wrong(node, "a correlation has a `timespan`, such as 5m");
            return None;
        };
        match at.text().unwrap_or_default().parse() {
            Ok(timespan) => Some(timespan),
            Err(message) => {
                self.wrong(at, message);
                None
            }
        }
    }

    fn limits(&mut self, node: &Node, kind: CorrelationKind) -> (Vec<(Limit, u64)>, Vec<String>) {
        let counts = matches!(kind, CorrelationKind::EventCount | CorrelationKind::ValueCount);
        let Some(condition) = node.get("condition") else {
            if counts {
                self.wrong(node, "a count has a `condition`, such as `gte: 10`");
            }
            return (Vec::new(), Vec::new());
        };
        let Some(entries) = condition.entries() else {
            self.wrong(condition, "a condition such as `gte: 10` is expected here; expressions over rules are not run");
            return (Vec::new(), Vec::new());
        };
        let (mut limits, mut fields) = (Vec::new(), Vec::new());
        for (key, value) in entries {
            let name = key.text().unwrap_or_default();
            if name == "field" {
                fields = self.texts(condition, "field", &mut Vec::new());
                continue;
            }
            match (LIMITS.iter().find(|(known, _)| *known == name), value.text().unwrap_or_default().parse()) {
                (Some((_, limit)), Ok(number)) => limits.push((*limit, number)),
                (Some(_), Err(_)) => self.wrong(value, "a whole number is expected here"),
                (None, _) => {
                    let problem = self.source.diagnostic(key.span(), format!("`{name}` is no condition of a count"));
                    self.reader.problems.push(problem.suggest(name, LIMITS.iter().map(|(known, _)| *known)));
                }
            }
        }
        if limits.is_empty() {
            self.wrong(condition, "the condition says no number: `gte: 10`");
        }
        if kind == CorrelationKind::ValueCount && fields.is_empty() {
            self.wrong(condition, "a value_count names the `field` whose values are counted");
        }
        (limits, fields)
    }

    fn aliases(&mut self, node: &Node) -> Vec<(String, String, String)> {
        let mut aliases = Vec::new();
        for (alias, rules) in node.get("aliases").and_then(Node::entries).unwrap_or_default() {
            for (rule, field) in rules.entries().unwrap_or_default() {
                match (alias.text(), rule.text(), field.text()) {
                    (Some(alias), Some(rule), Some(field)) if super::wrong_path(field).is_none() => {
                        aliases.push((alias.to_owned(), rule.to_owned(), field.to_owned()));
                    }
                    _ => self.wrong(field, "an alias gives each rule the name of its field"),
                }
            }
        }
        aliases
    }
}

/// Rules of one correlation: each is one bit of a mask.
const MOST_RULES: usize = 64;

/// SigmaHQ documents `aws`/`cloudtrail` only; the others have the names that its backends and others' rules use.
fn log_of(product: Option<&str>, service: Option<&str>, category: Option<&str>) -> Option<Log> {
    Some(match (product, service, category) {
        (Some("aws"), Some("cloudtrail"), _) => Log::CloudTrail,
        (Some("aws"), Some("vpcflow" | "vpc_flow" | "vpcflowlogs" | "flow_logs" | "vpc"), _) => Log::VpcFlow,
        (Some("aws"), Some("route53" | "route53resolver" | "route53_resolver" | "resolver_query" | "dns"), _) => {
            Log::ResolverQuery
        }
        (Some("aws"), Some("s3_access" | "s3access" | "s3_server_access"), _) => Log::S3Access,
        (Some("aws"), Some("rds" | "aurora"), _) => Log::RdsLogin,
        (Some("aws"), Some("waf" | "wafv2"), _) => Log::Waf,
        (Some("aws"), Some("eks" | "eks_audit"), _) => Log::EksAudit,
        (Some("kubernetes"), Some("audit") | None, _) => Log::EksAudit,
        _ => return None,
    })
}

impl SigmaRule {
    /// Something is wrong with the rule as a whole.
    pub(crate) fn problem(&self, message: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(self.span.clone(), message)
    }

    /// True when a correlation or a filter means this rule.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.id == name || self.name.as_deref() == Some(name)
    }
}

impl Search {
    /// The condition; a rule without one was refused.
    pub(crate) fn asked(&self) -> Condition {
        let all = || Condition::All((0..self.steps.len()).map(Condition::Selection).collect());
        self.condition.clone().unwrap_or_else(all)
    }
}
