//! Rules that keep a state, compiled: what is read of their events, and the logic that takes their signals.

use haechi_content::{Baseline, DetectionFile, Timespan};
use haechi_model::{EntityKind, Log};
use regex::RegexSet;

use crate::exfiltration::Exfiltration;
use crate::key::{Key, KeyHasher};
use crate::logins::Logins;
use crate::network::Network;
use crate::sigma::CorrelationKind;

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compare {
    Above(u64),
    AtLeast(u64),
    Below(u64),
    AtMost(u64),
    Equal(u64),
    NotEqual(u64),
}

impl Compare {
    fn holds(self, count: u64) -> bool {
        match self {
            Compare::Above(limit) => count > limit,
            Compare::AtLeast(limit) => count >= limit,
            Compare::Below(limit) => count < limit,
            Compare::AtMost(limit) => count <= limit,
            Compare::Equal(limit) => count == limit,
            Compare::NotEqual(limit) => count != limit,
        }
    }
}

/// A condition on a count: all of its comparisons.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition(pub Vec<Compare>);

impl Condition {
    pub fn holds(&self, count: u64) -> bool {
        self.0.iter().all(|one| one.holds(count))
    }

    /// The count from which on it holds for good: then it is decided while events come in. Another condition is
    /// decided when its window is over.
    pub fn threshold(&self) -> Option<u64> {
        let mut threshold = 1;
        for one in &self.0 {
            match one {
                Compare::Above(limit) => threshold = threshold.max(limit.saturating_add(1)),
                Compare::AtLeast(limit) => threshold = threshold.max(*limit),
                _ => return None,
            }
        }
        Some(threshold)
    }
}

/// Counts events, or distinct values, of a key within a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Window {
    /// Microseconds.
    pub within: i64,
    pub condition: Condition,
    pub distinct: bool,
}

/// Waits for all steps of a key within a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Steps {
    pub within: i64,
    pub ordered: bool,
    pub count: u8,
}

/// Judges what an owner does by the habits of its model.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    pub model: u32,
    /// The model's factors that count here.
    pub factors: Vec<u8>,
    /// As the file names them.
    pub names: Vec<String>,
    pub required: Vec<u8>,
    pub surprise: f64,
    pub warm_up: i64,
    pub cool_down: i64,
}

/// Judges how much of something there is in an hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Amount {
    pub at_least: f64,
    pub surprise: f64,
    pub warm_up: i64,
    pub cool_down: i64,
}

/// Joins threats of one actor.
#[derive(Debug, Clone)]
pub struct Attack {
    pub by: Vec<EntityKind>,
    pub within: i64,
    /// One set of patterns of types a group.
    pub groups: Vec<RegexSet>,
    pub at_least: u64,
    /// What the threat is about.
    pub entity: Option<EntityKind>,
    /// Makes the threat from one of its parts: the detection's own words.
    pub header: Box<AttackHeader>,
}

/// The words of an attack sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct AttackHeader {
    pub file: DetectionFile,
}

impl Attack {
    /// Bit n: group n takes threats of this type.
    pub fn groups_of(&self, kind: &str) -> u64 {
        let takes = |set: &RegexSet| set.is_match(kind);
        self.groups.iter().enumerate().fold(0, |bits, (at, set)| bits | (u64::from(takes(set)) << at.min(63)))
    }
}

#[derive(Debug, Clone)]
pub enum Logic {
    Window(Window),
    Steps(Steps),
    Judge(Judge),
    Amount(Amount),
    Attack(Attack),
    Exfiltration(Exfiltration),
    Logins(Logins),
}

/// A rule that keeps a state.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The rule's id.
    pub rule: Box<str>,
    /// Changes with the logic: state of another logic is not taken over.
    pub hash: Key,
    pub logic: Logic,
    /// False: only correlations over it want it, it makes no threats itself.
    pub alone: bool,
}

/// Whose habits are learned from a log: all baselines over the same owners of a log share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub log: Log,
    /// Empty: the principal.
    pub by: Vec<String>,
    /// In the order of their numbers.
    pub factors: Vec<String>,
}

impl Model {
    pub fn key(&self) -> Key {
        Key::of_parts(core::iter::once(self.log.as_str()).chain(self.by.iter().map(String::as_str)))
    }
}

/// What is read of the events that one rule, or one step of it, met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchSpec {
    pub machine: u32,
    pub log: Log,
    pub step: u8,
    /// Of a sequence: the selection under `match` that is this step; otherwise `match`'s condition decides.
    pub selection: Option<String>,
    /// What the key is made of: paths, or `principal`, `session`, `access-key`, `address`.
    pub by: Vec<String>,
    /// The account and region are no part of the key: Sigma's groups are what `group-by` says, and nothing else.
    pub anywhere: bool,
    /// What is counted or added up: a path, or one of the same words.
    pub value: Option<String>,
    /// Everything else that a threat of this event is made from: paths. Two events that agree in the actor, the
    /// name, the account, the region and all of these make the same threat.
    pub reads: Vec<String>,
}

/// A Sigma correlation, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationPlan {
    pub rule: String,
    pub kind: CorrelationKind,
    pub within: Timespan,
    pub condition: Condition,
    /// How many rules it is over.
    pub steps: u8,
    /// Each rule that it is over, once a log: its log, its fields of the key (aliases resolved, in one order), its counted field.
    pub rules: Vec<CorrelatedRule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelatedRule {
    pub log: Log,
    pub step: u8,
    /// The rule's number.
    pub member: u32,
    pub by: Vec<String>,
    pub value: Option<String>,
    pub reads: Vec<String>,
}

/// Rules of one sequence or correlation; a step is kept in a byte, groups in bits of a word.
const STEPS: usize = 64;

/// All rules that keep a state.
#[derive(Debug, Clone, Default)]
pub struct Machines {
    pub list: Vec<Machine>,
    pub models: Vec<Model>,
    /// What is found in flows and queries.
    pub(crate) network: Network,
}

const fn micros(span: Timespan) -> i64 {
    span.seconds() * 1_000_000
}

impl Machines {
    /// The logic with this name looks into flows or queries.
    pub fn finds_in_network(&self, name: &str) -> bool {
        Network::has(name)
    }

    /// Whether an attack sequence may be made of threats of this type.
    pub fn is_part(&self, kind: &str) -> bool {
        self.list.iter().any(|machine| match &machine.logic {
            Logic::Attack(attack) => attack.groups_of(kind) != 0,
            _ => false,
        })
    }

    /// Adds a detection when it keeps a state: what is to be watched for it, a log and step each. None when it keeps
    /// no state; none to be watched when it is made of threats.
    pub fn add(&mut self, file: &DetectionFile) -> Result<Option<Vec<WatchSpec>>, String> {
        if self.network.add(file)? {
            return Ok(Some(Vec::new()));
        }
        let (machine, before) = (self.list.len() as u32, self.models.len());
        let mut specs = Vec::new();
        let reads: Vec<String> = (file.args.values().cloned())
            .chain(file.target.clone())
            .chain(file.entity.as_ref().and_then(|entity| entity.field.clone()))
            .collect();
        let mut watch = |log, step, selection: Option<&String>, by: &[String], value: Option<&String>| {
            let (selection, value) = (selection.cloned(), value.cloned());
            specs.push(WatchSpec {
                machine,
                log,
                step,
                selection,
                by: by.to_vec(),
                anywhere: false,
                value,
                reads: reads.clone(),
            });
        };
        let logic = if let Some(count) = &file.count {
            file.logs.iter().for_each(|log| watch(*log, 0, None, &count.by, count.distinct.as_ref()));
            let condition = Condition(vec![Compare::AtLeast(count.at_least)]);
            Logic::Window(Window { within: micros(count.within), condition, distinct: count.distinct.is_some() })
        } else if let Some(sequence) = &file.sequence {
            if sequence.steps.is_empty() || sequence.steps.len() > STEPS {
                return Err(format!("a sequence has 1 to {STEPS} steps"));
            }
            for log in &file.logs {
                for (at, step) in sequence.steps.iter().enumerate() {
                    watch(*log, at as u8, Some(step), &sequence.by, None);
                }
            }
            let (within, count) = (micros(sequence.within), sequence.steps.len() as u8);
            Logic::Steps(Steps { within, ordered: sequence.ordered, count })
        } else if let Some(baseline) = &file.baseline {
            let [log] = file.logs[..] else { return Err("a baseline reads one log".into()) };
            let target = file.target.as_deref();
            let judge = self.judge(log, baseline, target)?;
            watch(log, 0, None, &baseline.by, None);
            Logic::Judge(judge)
        } else if let Some(volume) = &file.volume {
            file.logs.iter().for_each(|log| watch(*log, 0, None, &volume.by, volume.sum.as_ref()));
            let (warm_up, cool_down) = (micros(volume.warm_up), micros(volume.cool_down));
            Logic::Amount(Amount { at_least: volume.at_least, surprise: volume.surprise, warm_up, cool_down })
        } else if let Some(threats) = &file.threats {
            Logic::Attack(attack(file, threats)?)
        } else if let Some(engine) = &file.engine {
            let logic = match engine.name.as_str() {
                "credential-exfiltration" => Logic::Exfiltration(Exfiltration::new(&engine.parameters)?),
                "console-logins" => Logic::Logins(Logins::new(&engine.parameters)?),
                _ => return Ok(None),
            };
            file.logs.iter().for_each(|log| watch(*log, 0, None, &[], None));
            logic
        } else {
            return Ok(None);
        };
        debug_assert!(self.models.len() - before <= 1, "a detection has one model");
        let hash = logic_hash(file);
        self.list.push(Machine { rule: file.id.as_str().into(), hash, logic, alone: true });
        Ok(Some(specs))
    }

    /// Adds a Sigma correlation: what is to be watched for it, a rule each.
    pub fn correlate(&mut self, correlation: &CorrelationPlan) -> Result<Vec<(u32, WatchSpec)>, String> {
        let CorrelationPlan { rule, kind, within, condition, steps, rules } = correlation;
        if rules.is_empty() || usize::from(*steps) > STEPS {
            return Err(format!("a correlation is over 1 to {STEPS} rules"));
        }
        let within = micros(*within);
        let logic = match kind {
            CorrelationKind::EventCount | CorrelationKind::ValueCount => {
                if condition.0.is_empty() {
                    return Err("a count has a condition".into());
                }
                let distinct = *kind == CorrelationKind::ValueCount;
                Logic::Window(Window { within, condition: condition.clone(), distinct })
            }
            CorrelationKind::Temporal | CorrelationKind::TemporalOrdered => {
                let ordered = *kind == CorrelationKind::TemporalOrdered;
                Logic::Steps(Steps { within, ordered, count: *steps })
            }
        };
        let machine = self.list.len() as u32;
        let mut hash = KeyHasher::default();
        hash.part(&format!("{kind:?} {within} {condition:?}"));
        let specs = rules.iter().map(|rule| {
            rule.by.iter().chain(&rule.value).for_each(|path| hash.part(path));
            hash.word(u64::MAX);
            let spec = WatchSpec {
                machine,
                log: rule.log,
                step: rule.step,
                selection: None,
                by: rule.by.clone(),
                anywhere: true,
                value: rule.value.clone(),
                reads: rule.reads.clone(),
            };
            (rule.member, spec)
        });
        let specs = specs.collect();
        self.list.push(Machine { rule: rule.as_str().into(), hash: hash.key(), logic, alone: true });
        Ok(specs)
    }

    fn judge(&mut self, log: Log, baseline: &Baseline, target: Option<&str>) -> Result<Judge, String> {
        let at = match self.models.iter().position(|model| model.log == log && model.by == baseline.by) {
            Some(at) => at,
            None => {
                self.models.push(Model { log, by: baseline.by.clone(), factors: Vec::new() });
                self.models.len() - 1
            }
        };
        let model = &mut self.models[at];
        let mut number = |factor: &String| -> Result<u8, String> {
            let path = match factor.as_str() {
                // The target is a field of this detection: the model knows it by its path.
                "target" => target.ok_or("the factor `target` wants the detection to say its `target`")?,
                other => other,
            };
            let known = model.factors.iter().position(|known| known == path);
            let at = known.unwrap_or_else(|| {
                model.factors.push(path.to_owned());
                model.factors.len() - 1
            });
            u8::try_from(at).map_err(|_| "there are more than 256 factors".to_owned())
        };
        let factors = baseline.factors.iter().map(&mut number).collect::<Result<Vec<_>, _>>()?;
        let required = baseline.required.iter().map(&mut number).collect::<Result<Vec<_>, _>>()?;
        if factors.is_empty() {
            return Err("a baseline has factors".into());
        }
        if let Some(stranger) = required.iter().position(|one| !factors.contains(one)) {
            return Err(format!("`{}` is required, but no factor", baseline.required[stranger]));
        }
        let (warm_up, cool_down) = (micros(baseline.warm_up), micros(baseline.cool_down));
        let names = baseline.factors.clone();
        Ok(Judge { model: at as u32, factors, names, required, surprise: baseline.surprise, warm_up, cool_down })
    }
}

fn attack(file: &DetectionFile, threats: &haechi_content::Threats) -> Result<Attack, String> {
    let kinds = threats.by.iter().map(|name| {
        let known = EntityKind::ALL.into_iter().find(|kind| kind.as_str() == name);
        known.ok_or_else(|| format!("`{name}` is nothing that threats have in common"))
    });
    let by = kinds.collect::<Result<Vec<_>, _>>()?;
    if threats.groups.len() > STEPS || by.is_empty() {
        return Err(format!("threats have something in common (`by`), and at most {STEPS} groups"));
    }
    let set = |globs: &Vec<String>| {
        let patterns = globs.iter().map(|glob| format!("^{}$", regex::escape(glob).replace(r"\*", ".*")));
        RegexSet::new(patterns).map_err(|error| error.to_string())
    };
    Ok(Attack {
        by,
        within: micros(threats.within),
        groups: threats.groups.iter().map(set).collect::<Result<_, _>>()?,
        at_least: threats.at_least,
        entity: file.entity.as_ref().map(|entity| entity.kind),
        header: Box::new(AttackHeader { file: file.clone() }),
    })
}

/// The state of a rule holds as long as what it counts and how stays the same: texts may change.
fn logic_hash(file: &DetectionFile) -> Key {
    let logic = serde_json::json!([
        file.matches,
        file.count,
        file.sequence,
        file.baseline,
        file.volume,
        file.engine,
        file.threats,
        file.logs,
        file.target
    ]);
    Key::of_parts([file.id.as_str(), &logic.to_string()])
}
