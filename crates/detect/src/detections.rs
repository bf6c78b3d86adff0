//! What is active: detections and Sigma rules compiled once, by log, and why others are not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use haechi_content::{Detection, Diagnostic, Need, Source};
use haechi_model::event::{FieldError, Fields, Slot};
use haechi_model::{EntityKind, Log, ThreatOrigin};

use crate::index::Index;
use crate::intel::Intel;
use crate::machine::{Compare, Condition, CorrelatedRule, CorrelationPlan, Machines, WatchSpec};
use crate::matcher::{Compiler, Node, Tests};
use crate::network::Network;
use crate::observer::Observer;
use crate::principal::ActorSlots;
use crate::rule::{Bound, Logic, Rule};
use crate::sigma::{
    Correlation, CorrelationKind, Dialect, Limit, Named, Placeholders, Reader, Search, SigmaBody, SigmaRule, read_sigma,
};
use crate::watch::Watch;

/// Why a rule is not at work.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    /// It wants lists or databases that are not loaded.
    Needs(Vec<Need>),
    /// It cannot be run.
    Refused(Vec<Diagnostic>),
}

/// A rule that is not at work.
#[derive(Debug, Clone, PartialEq)]
pub struct Inactive {
    pub id: String,
    pub title: String,
    pub origin: ThreatOrigin,
    pub path: Arc<str>,
    pub why: Why,
}

/// Everything that is looked for.
#[derive(Debug, Default)]
pub struct Detections {
    rules: Vec<Rule>,
    plans: [Option<Plan>; Log::ALL.len()],
    inactive: Vec<Inactive>,
    pub(crate) machines: Arc<Machines>,
}

/// What is looked for in one log.
#[derive(Debug)]
pub(crate) struct Plan {
    pub fields: Fields,
    pub tests: Tests,
    pub bound: Vec<Bound>,
    pub index: Index,
    pub actor: ActorSlots,
    /// Correlations, whose words their threats have.
    pub correlated: Vec<Bound>,
    pub observers: Vec<Observer>,
}

impl Detections {
    /// The rules at work, by their numbers.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub fn rule(&self, id: &str) -> Option<(u32, &Rule)> {
        self.rules.iter().enumerate().find(|(_, rule)| &*rule.id == id).map(|(at, rule)| (at as u32, rule))
    }

    /// The rules that keep a state: an [`Engine`](crate::Engine) runs them.
    pub fn machines(&self) -> Arc<Machines> {
        self.machines.clone()
    }

    pub fn inactive(&self) -> &[Inactive] {
        &self.inactive
    }

    /// What is wrong with rules, in the order they were read.
    pub fn problems(&self) -> impl Iterator<Item = &Diagnostic> {
        self.inactive.iter().flat_map(|inactive| match &inactive.why {
            Why::Refused(problems) => problems.as_slice(),
            Why::Needs(_) => &[],
        })
    }

    /// The logs that are looked into.
    pub fn logs(&self) -> impl Iterator<Item = Log> {
        let flows = |log| log == Log::VpcFlow && self.wants_flows();
        Log::ALL.into_iter().filter(move |log| self.plans[*log as usize].is_some() || flows(*log))
    }

    /// The fields that events of this log must be read with, in these slots. More may follow.
    pub fn fields(&self, log: Log) -> Option<&Fields> {
        self.plan(log).map(|plan| &plan.fields)
    }

    pub fn slot(&self, log: Log, path: &str) -> Option<Slot> {
        self.fields(log)?.slot(path)
    }

    /// Flow logs are looked into as flows: a reader must hand them to [`Scanner::take_flow`](crate::Scanner::take_flow).
    pub fn wants_flows(&self) -> bool {
        !self.machines.network.flows.is_empty()
    }

    /// How many rules are asked of every event of a log, and how many there are.
    pub fn asked(&self, log: Log) -> (usize, usize) {
        self.plan(log).map_or((0, 0), |plan| (plan.index.general(), plan.bound.len()))
    }

    pub(crate) fn plan(&self, log: Log) -> Option<&Plan> {
        self.plans[log as usize].as_ref()
    }
}

/// What is being compiled for one log.
struct Making {
    fields: Fields,
    tests: Tests,
    known: HashMap<String, u32>,
    bound: Vec<(u32, Node, Vec<Node>)>,
}

/// Logic in Rust, by the names that detections use.
const ENGINES: [&str; 4] = ["credential-exfiltration", "console-logins", "flow", "dns"];

/// Compiles detections and rules.
pub struct Builder<'b> {
    intel: &'b Intel,
    base: &'b dyn Fn(Log) -> Fields,
    has: Vec<Need>,
    placeholders: Placeholders,
    rules: Vec<Rule>,
    making: BTreeMap<Log, Making>,
    inactive: Vec<Inactive>,
    sigma: Vec<SigmaRule>,
    machines: Machines,
    /// What is watched, by the number of the rule that is met, with the number of the rule whose words count.
    specs: Vec<(u32, u32, WatchSpec)>,
    /// By number of a correlation: its machine, and the correlations over it by theirs.
    outer: Vec<(u32, u32, WatchSpec)>,
}

/// The fields that a reader of this log wants before all others: CloudTrail's.
pub fn base_fields(log: Log) -> Fields {
    let none: [&str; 0] = [];
    let fields = if log == Log::CloudTrail { Fields::of_events(none) } else { Fields::new(none) };
    fields.unwrap_or_else(|_| unreachable!("the fields of every event are paths"))
}

impl<'b> Builder<'b> {
    /// `base` gives the fields that a reader wants before all others, by log; see [`base_fields`].
    pub fn new(intel: &'b Intel, base: &'b dyn Fn(Log) -> Fields) -> Self {
        Self {
            intel,
            base,
            has: Vec::new(),
            placeholders: Placeholders::new(),
            rules: Vec::new(),
            making: BTreeMap::new(),
            inactive: Vec::new(),
            sigma: Vec::new(),
            machines: Machines::default(),
            specs: Vec::new(),
            outer: Vec::new(),
        }
    }

    /// Something is there that the lists do not show, such as the inventory.
    #[must_use]
    pub fn having(mut self, need: Need) -> Self {
        self.has.push(need);
        self
    }

    /// Values for Sigma's placeholders: `%Administrators%` is one named `Administrators`.
    #[must_use]
    pub fn placeholders(mut self, placeholders: Placeholders) -> Self {
        self.placeholders = placeholders;
        self
    }

    fn has(&self, need: Need) -> bool {
        self.has.contains(&need) || self.intel.has(need)
    }

    /// Adds a detection. What is wrong with it is among the inactive.
    pub fn detection(&mut self, detection: &Detection) {
        let rule = Rule::of_detection(detection);
        let refuse = |why| Inactive {
            id: rule.id.to_string(),
            title: rule.title.clone(),
            origin: rule.origin,
            path: rule.path.clone(),
            why,
        };
        let search = match check(detection) {
            Ok(search) => search,
            Err(problems) => return self.inactive.push(refuse(Why::Refused(problems))),
        };
        let missing: Vec<_> = rule.needs.iter().copied().filter(|need| !self.has(*need)).collect();
        if !missing.is_empty() {
            return self.inactive.push(refuse(Why::Needs(missing)));
        }
        let steps: Vec<usize> = match (&rule.logic, &search) {
            (Logic::Sequence(sequence), Some(search)) => sequence
                .steps
                .iter()
                .filter_map(|name| search.steps.iter().position(|step| &*step.name == name))
                .collect(),
            _ => Vec::new(),
        };
        let specs = match self.machines.add(&detection.file) {
            Ok(specs) => specs.unwrap_or_default(),
            Err(message) => {
                let problem = detection.problem(&[rule.logic.name()], message);
                return self.inactive.push(refuse(Why::Refused(vec![problem])));
            }
        };
        if let Some(problem) = self.no_engine(detection) {
            return self.inactive.push(refuse(Why::Refused(vec![problem])));
        }
        if matches!(rule.logic, Logic::Threats(_)) && search.is_none() {
            return self.rules.push(rule);
        }
        // What is found in flows and queries by logic in Rust has no events of its own.
        if let Logic::Engine(engine) = &rule.logic
            && Network::has(&engine.name)
        {
            if rule.logs.contains(&Log::ResolverQuery) {
                let making = self.making(Log::ResolverQuery);
                // They are paths; one too many is not read.
                crate::dns::PATHS.iter().for_each(|path| drop(making.fields.add(path)));
            }
            return self.rules.push(rule);
        }
        let number = self.rules.len() as u32;
        for log in rule.logs.clone() {
            let compiled = self.compile(log, &rule, |compiler| {
                let steps = match &search {
                    Some(search) => {
                        let body = |at: &usize| compiler.body(&search.steps[*at].body);
                        steps.iter().map(body).collect::<Result<Vec<_>, _>>()?
                    }
                    None => Vec::new(),
                };
                let node = match &search {
                    None => Node::All([].into()),
                    // The condition is not asked of a sequence: its steps are.
                    Some(_) if !steps.is_empty() => compiler.joined(steps.clone(), false),
                    Some(search) => compiler.condition(search, &search.asked())?,
                };
                Ok((node, steps))
            });
            match compiled {
                Ok((node, steps)) => self.making(log).bound.push((number, node, steps)),
                Err(error) => {
                    let problem = detection.problem(&["match"], error.to_string());
                    return self.inactive.push(refuse(Why::Refused(vec![problem])));
                }
            }
        }
        for spec in specs {
            self.watch(&spec);
            self.specs.push((number, number, spec));
        }
        self.rules.push(rule);
    }

    /// The detection names logic in Rust that nobody wrote.
    fn no_engine(&self, detection: &Detection) -> Option<Diagnostic> {
        let name = detection.file.engine.as_ref()?.name.as_str();
        let problem = || detection.problem(&["engine", "name"], format!("there is no engine `{name}`"));
        let known = self.machines.finds_in_network(name) || ENGINES.contains(&name);
        (!known).then(|| problem().suggest(name, ENGINES))
    }

    /// The fields of what is watched are read.
    fn watch(&mut self, spec: &WatchSpec) {
        let paths = Watch::paths(spec, &self.machines);
        let making = self.making(spec.log);
        for path in paths {
            // Paths that are none were refused where they were read.
            let _ = making.fields.add(&path);
        }
    }

    fn making(&mut self, log: Log) -> &mut Making {
        let base = self.base;
        self.making.entry(log).or_insert_with(|| {
            let mut fields = base(log);
            for path in ActorSlots::paths(log).iter().filter(|path| !path.is_empty()) {
                // They are paths; one too many is not read.
                let _ = fields.add(path);
            }
            Making { fields, tests: Tests::default(), known: HashMap::new(), bound: Vec::new() }
        })
    }

    fn compile<T>(
        &mut self,
        log: Log,
        rule: &Rule,
        compile: impl FnOnce(&mut Compiler<'_>) -> Result<T, FieldError>,
    ) -> Result<T, FieldError> {
        let making = self.making(log);
        for path in rule.paths() {
            making.fields.add(path)?;
        }
        compile(&mut Compiler {
            fields: &mut making.fields,
            tests: &mut making.tests,
            known: &mut making.known,
            heads: log == Log::CloudTrail,
        })
    }

    /// Adds the Sigma rules of a file.
    pub fn sigma(&mut self, source: &Source) {
        let file = read_sigma(source, &self.placeholders);
        self.sigma.extend(file.rules);
        self.inactive.extend(file.refused.into_iter().map(|refused| Inactive {
            id: refused.id,
            title: refused.title,
            origin: ThreatOrigin::Sigma,
            path: source.name.clone(),
            why: Why::Refused(refused.problems),
        }));
    }

    fn refuse_sigma(&mut self, rule: &SigmaRule, problem: Diagnostic) {
        self.inactive.push(Inactive {
            id: rule.id.clone(),
            title: rule.title.clone(),
            origin: ThreatOrigin::Sigma,
            path: rule.source.name.clone(),
            why: Why::Refused(vec![problem]),
        });
    }

    /// Rules can name each other whatever their order: they are joined when all are read.
    fn join_sigma(&mut self) {
        let mut sigma = core::mem::take(&mut self.sigma);
        self.drop_twins(&mut sigma);
        let (filters, sigma): (Vec<_>, Vec<_>) =
            sigma.into_iter().partition(|rule| matches!(rule.body, SigmaBody::Filter { .. }));
        self.filters_of_nothing(&filters, &sigma);
        let mut numbers: Vec<Option<u32>> = vec![None; sigma.len()];
        for (at, rule) in sigma.iter().enumerate() {
            if let SigmaBody::Rule { log, search } = &rule.body {
                numbers[at] = self.sigma_rule(rule, *log, search, &filters);
            }
        }
        // Correlations may name correlations: those whose rules are all known, until there are no more.
        let mut refused = vec![false; sigma.len()];
        loop {
            let mut more = false;
            for (at, rule) in sigma.iter().enumerate() {
                let SigmaBody::Correlation(correlation) = &rule.body else { continue };
                if numbers[at].is_some() || refused[at] {
                    continue;
                }
                match self.correlation(rule, correlation, &sigma, &numbers) {
                    Some(Ok(number)) => numbers[at] = Some(number),
                    Some(Err(message)) => {
                        refused[at] = true;
                        self.refuse_sigma(rule, rule.problem(message));
                    }
                    None => continue,
                }
                more = true;
            }
            if !more {
                break;
            }
        }
        for (at, rule) in sigma.iter().enumerate() {
            if let (SigmaBody::Correlation(correlation), None, false) = (&rule.body, numbers[at], refused[at]) {
                let problem = of_correlation(rule, correlation, &sigma, &numbers);
                self.refuse_sigma(rule, problem);
            }
        }
    }

    /// Of rules with one id the first counts.
    fn drop_twins(&mut self, sigma: &mut Vec<SigmaRule>) {
        let mut seen: HashMap<String, Arc<str>> = HashMap::new();
        let mut twins = Vec::new();
        sigma.retain(|rule| match seen.get(&rule.id) {
            Some(first) => {
                twins.push((rule.clone(), format!("there is a rule `{}` already, in {first}", rule.id)));
                false
            }
            None => {
                seen.insert(rule.id.clone(), rule.source.name.clone());
                true
            }
        });
        for (rule, message) in twins {
            let problem = rule.problem(message);
            self.refuse_sigma(&rule, problem);
        }
    }

    fn filters_of_nothing(&mut self, filters: &[SigmaRule], rules: &[SigmaRule]) {
        for filter in filters {
            let SigmaBody::Filter { rules: Named::These(named), .. } = &filter.body else { continue };
            for (name, span) in named {
                if !rules.iter().any(|rule| rule.is_named(name)) {
                    let problem = filter.source.diagnostic(span.clone(), format!("there is no rule `{name}`"));
                    self.refuse_sigma(filter, problem);
                }
            }
        }
    }

    fn sigma_rule(&mut self, rule: &SigmaRule, log: Log, search: &Search, filters: &[SigmaRule]) -> Option<u32> {
        let compiled = Rule::of_sigma(rule, Logic::Each, vec![log]);
        let node = self.compile(log, &compiled, |compiler| {
            let mut nodes = vec![compiler.condition(search, &search.asked())?];
            for filter in filters {
                if let SigmaBody::Filter { log: of, rules, search } = &filter.body
                    && *of == log
                    && match rules {
                        Named::Any => true,
                        Named::These(names) => names.iter().any(|(name, _)| rule.is_named(name)),
                    }
                {
                    nodes.push(Node::Not(Box::new(compiler.condition(search, &search.asked())?)));
                }
            }
            Ok(compiler.joined(nodes, true))
        });
        match node {
            Ok(node) => {
                let number = self.rules.len() as u32;
                self.making(log).bound.push((number, node, Vec::new()));
                self.rules.push(compiled);
                Some(number)
            }
            Err(error) => {
                self.refuse_sigma(rule, rule.problem(error.to_string()));
                None
            }
        }
    }

    /// None: not all of its rules are known. What is wrong with it silences no rule.
    fn correlation(
        &mut self,
        rule: &SigmaRule,
        correlation: &Correlation,
        sigma: &[SigmaRule],
        numbers: &[Option<u32>],
    ) -> Option<Result<u32, String>> {
        let find = |name: &String| {
            let at = sigma.iter().position(|other| other.is_named(name))?;
            numbers[at]
        };
        let members: Vec<u32> = correlation.rules.iter().map(find).collect::<Option<_>>()?;
        let number = self.rules.len() as u32;
        if let Err(message) = runnable(correlation).and_then(|()| self.correlate(number, rule, correlation, &members)) {
            return Some(Err(message));
        }
        let mut logs: Vec<Log> = members.iter().flat_map(|number| self.rules[*number as usize].logs.clone()).collect();
        logs.sort_unstable();
        logs.dedup();
        for member in &members {
            self.rules[*member as usize].alone &= correlation.generate;
        }
        let mut compiled = Rule::of_sigma(rule, Logic::Correlation(correlation.clone()), logs);
        compiled.members = members;
        self.rules.push(compiled);
        Some(Ok(number))
    }

    /// Makes the machine of a correlation, and watches the events of its rules for it.
    fn correlate(
        &mut self,
        number: u32,
        rule: &SigmaRule,
        correlation: &Correlation,
        members: &[u32],
    ) -> Result<(), String> {
        let mut rules = Vec::new();
        for (step, (member, name)) in members.iter().zip(&correlation.rules).enumerate() {
            let field = |path: &String| correlation.field_of(path, name).to_owned();
            for log in &self.rules[*member as usize].logs {
                rules.push(CorrelatedRule {
                    log: *log,
                    step: step as u8,
                    member: *member,
                    by: correlation.group_by.iter().map(field).collect(),
                    value: correlation.fields.first().map(field),
                    reads: Vec::new(),
                });
            }
        }
        let limits = correlation.limits.iter().map(|(limit, count)| match limit {
            Limit::Less => Compare::Below(*count),
            Limit::LessOrEqual => Compare::AtMost(*count),
            Limit::More => Compare::Above(*count),
            Limit::MoreOrEqual => Compare::AtLeast(*count),
            Limit::Equal => Compare::Equal(*count),
            Limit::Differs => Compare::NotEqual(*count),
        });
        let specs = self.machines.correlate(&CorrelationPlan {
            rule: rule.id.clone(),
            kind: correlation.kind,
            within: correlation.timespan,
            condition: Condition(limits.collect()),
            steps: members.len() as u8,
            rules,
        })?;
        for (member, spec) in specs {
            self.watch(&spec);
            let list = match self.rules[member as usize].logic {
                Logic::Correlation(_) => &mut self.outer,
                _ => &mut self.specs,
            };
            list.push((member, number, spec));
        }
        Ok(())
    }

    /// Everything compiled.
    pub fn build(mut self) -> Detections {
        self.join_sigma();
        mark_parts(&mut self.rules);
        for machine in &mut self.machines.list {
            machine.alone = self.rules.iter().find(|rule| *rule.id == *machine.rule).is_none_or(|rule| rule.alone);
        }
        let mut detections = Detections { rules: self.rules, inactive: self.inactive, ..Detections::default() };
        for model in &self.machines.models {
            if let Some(making) = self.making.get_mut(&model.log) {
                for path in Observer::paths(model) {
                    // Paths that are none were refused where they were read.
                    let _ = making.fields.add(&path);
                }
            }
        }
        for (log, making) in self.making {
            let mut correlated = Vec::new();
            let mut index = Index::default();
            let mut bound = Vec::new();
            for (at, (number, node, steps)) in making.bound.into_iter().enumerate() {
                let rule = &detections.rules[number as usize];
                index.add(at as u32, &making.tests.demand(&node));
                let mut own = Bound::new(number, rule, &making.fields, node, steps);
                let binding = Binding {
                    log,
                    fields: &making.fields,
                    machines: &self.machines,
                    rules: &detections.rules,
                    outer: &self.outer,
                };
                for (_, words, spec) in self.specs.iter().filter(|(met, _, spec)| *met == number && spec.log == log) {
                    own.watches.push(binding.watch(number, *words, spec, &mut correlated));
                }
                bound.push(own);
            }
            let observers = self.machines.models.iter().enumerate().filter(|(_, model)| model.log == log);
            let observers = observers.map(|(at, model)| Observer::bind(at as u32, model, &making.fields)).collect();
            let actor = ActorSlots::bind(log, &making.fields);
            detections.plans[log as usize] =
                Some(Plan { fields: making.fields, tests: making.tests, bound, index, actor, correlated, observers });
        }
        detections.machines = Arc::new(self.machines);
        detections
    }
}

/// Binds what is watched to the fields of a log.
struct Binding<'b> {
    log: Log,
    fields: &'b Fields,
    machines: &'b Machines,
    rules: &'b [Rule],
    outer: &'b [(u32, u32, WatchSpec)],
}

impl Binding<'_> {
    fn watch(&self, met: u32, words: u32, spec: &WatchSpec, correlated: &mut Vec<Bound>) -> Watch {
        let mut watch = Watch::bind(spec, self.machines, self.fields);
        if words != met {
            watch.words = Some(correlated.len() as u32);
            let rule = &self.rules[words as usize];
            correlated.push(Bound::new(words, rule, self.fields, Node::All([].into()), Vec::new()));
        }
        let over = self.outer.iter().filter(|(inner, _, spec)| *inner == words && spec.log == self.log);
        watch.outer = over.map(|(_, words, spec)| self.watch(met, *words, spec, correlated)).collect();
        watch
    }
}

/// What Sigma allows and no machine here does.
fn runnable(correlation: &Correlation) -> Result<(), String> {
    if correlation.fields.len() > 1 {
        return Err("it cannot be run: values of several fields are not counted together".to_owned());
    }
    let counts = matches!(correlation.kind, CorrelationKind::EventCount | CorrelationKind::ValueCount);
    let all = correlation.rules.len() as u64;
    let some = !correlation.limits.is_empty() && (0..=all).any(|count| correlation.holds(count) != (count == all));
    if !counts && some {
        return Err("it cannot be run: a temporal correlation waits for all of its rules".to_owned());
    }
    Ok(())
}

/// Why a correlation could not be joined.
fn of_correlation(
    rule: &SigmaRule,
    correlation: &Correlation,
    sigma: &[SigmaRule],
    numbers: &[Option<u32>],
) -> Diagnostic {
    for (name, span) in correlation.rules.iter().zip(&correlation.spans) {
        let at = sigma.iter().position(|other| other.is_named(name));
        let what = match at {
            None => format!("there is no rule `{name}`, or it cannot be run"),
            Some(at) if numbers[at].is_none() => {
                let own = rule.is_named(name);
                if own { format!("`{name}` names itself") } else { format!("`{name}` cannot be run") }
            }
            Some(_) => continue,
        };
        let problem = rule.source.diagnostic(span.clone(), what);
        let known = sigma.iter().flat_map(|rule| rule.name.as_deref().into_iter().chain([rule.id.as_str()]));
        return if at.is_none() { problem.suggest(name, known) } else { problem };
    }
    rule.problem("correlations that name each other in a circle cannot be run")
}

/// Rules of which attack sequences are made.
fn mark_parts(rules: &mut [Rule]) {
    let patterns: Vec<String> = rules
        .iter()
        .filter_map(|rule| match &rule.logic {
            Logic::Threats(threats) => Some(threats.groups.iter().flatten().cloned()),
            _ => None,
        })
        .flatten()
        .collect();
    for rule in rules {
        rule.part = !matches!(rule.logic, Logic::Threats(_))
            && patterns.iter().any(|pattern| crate::sigma::fits_glob(pattern, &rule.id));
    }
}

/// Reads the `match` of a detection and checks what it names.
fn check(detection: &Detection) -> Result<Option<Search>, Vec<Diagnostic>> {
    let file = &detection.file;
    let placeholders = Placeholders::new();
    let mut reader = Reader::new(detection.source(), Dialect::Detection, &placeholders);
    let search = match detection.root().get("match") {
        Some(node) => reader.search(node),
        None => None,
    };
    let mut problems = reader.problems;
    let at = |path: &[&str], message: String| detection.problem(path, message);
    if let Some(search) = &search {
        let sequence = file.sequence.is_some();
        if search.condition.is_none() && !sequence {
            problems.push(at(&["match"], "it has no `condition`".to_owned()));
        }
        let names: Vec<&str> = search.steps.iter().map(|step| &*step.name).collect();
        for (index, step) in file.sequence.iter().flat_map(|sequence| &sequence.steps).enumerate() {
            if !names.contains(&step.as_str()) {
                let problem = at(&["sequence", "steps", &index.to_string()], format!("there is no selection `{step}`"));
                problems.push(problem.suggest(step, names.iter().copied()));
            }
        }
        let mut lists = Vec::new();
        search.steps.iter().for_each(|step| step.body.lists(&mut lists));
        for need in lists {
            if !file.needs.contains(&need) {
                let problem = at(
                    &["match"],
                    format!("the list `{need}` is used, and `needs` does not name it", need = need.as_str()),
                );
                problems.push(problem.help(format!("needs: [{}]", need.as_str())));
            }
        }
    }
    paths_of(detection, &mut problems);
    if problems.is_empty() { Ok(search) } else { Err(problems) }
}

/// The fields that the rest of the file names are paths, and an entity that no log tells by itself has one.
fn paths_of(detection: &Detection, problems: &mut Vec<Diagnostic>) {
    let file = &detection.file;
    let mut path = |at: &[&str], path: &str| {
        if let Some(what) = crate::sigma::wrong_path(path) {
            problems.push(detection.problem(at, what));
        }
    };
    if let Some(target) = &file.target {
        path(&["target"], target);
    }
    for (name, field) in &file.args {
        path(&["args", name], field);
    }
    let by = [
        ("count", file.count.as_ref().map(|count| &count.by)),
        ("sequence", file.sequence.as_ref().map(|sequence| &sequence.by)),
        ("baseline", file.baseline.as_ref().map(|baseline| &baseline.by)),
        ("volume", file.volume.as_ref().map(|volume| &volume.by)),
    ];
    for (logic, fields) in by {
        fields.into_iter().flatten().for_each(|field| path(&[logic, "by"], field));
    }
    let values = [
        ("count", "distinct", file.count.as_ref().and_then(|count| count.distinct.as_ref())),
        ("volume", "sum", file.volume.as_ref().and_then(|volume| volume.sum.as_ref())),
    ];
    for (logic, name, field) in values {
        field.into_iter().for_each(|field| path(&[logic, name], field));
    }
    file.baseline.iter().flat_map(|baseline| &baseline.factors).for_each(|field| path(&["baseline", "factors"], field));
    if let Some(entity) = &file.entity {
        match &entity.field {
            Some(field) => path(&["entity", "field"], field),
            None if file.engine.is_some() || file.threats.is_some() => {}
            None => {
                let known = matches!(
                    entity.kind,
                    EntityKind::Account
                        | EntityKind::Principal
                        | EntityKind::Session
                        | EntityKind::AccessKey
                        | EntityKind::Address
                        | EntityKind::UserAgent
                );
                if !known {
                    let what = format!("an entity of kind `{}` names its `field`", entity.kind);
                    problems.push(detection.problem(&["entity"], what));
                }
            }
        }
    }
}
