//! A plan: the exact calls that a playbook comes to, what was read to make it, and what each call is undone by.
//!
//! Its id is the hash of its text. To see whether it still holds, it is made again as of the same moment: when
//! anything that it was made from has changed, so has its id.

use std::collections::BTreeMap;

use haechi_aws::{Api, ApiError, ErrorKind};
use haechi_content::Text;
use haechi_model::{AccountId, ContentHash, Partition, Region, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::expression::Expression;
use crate::playbook::{Change, InputType, Operation, Playbook, Read, Step};
use crate::template::{fill, fill_all};
use crate::value::{Missing, Scope};

/// What a plan is made for.
#[derive(Debug, Clone)]
pub struct Request {
    pub account: AccountId,
    pub region: Region,
    pub partition: Partition,
    pub at: Timestamp,
    /// As the user gave them.
    pub inputs: BTreeMap<String, Value>,
    /// What it answers to: GuardDuty's shape of a finding, or a finding of a rule; null: nothing.
    pub finding: Value,
    /// After how many microseconds the undo is due.
    pub expires: Option<i64>,
}

/// Which finding a plan answers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    pub schema_version: u32,
    pub playbook: String,
    pub playbook_hash: ContentHash,
    pub title: Text,
    pub account: AccountId,
    pub region: Region,
    pub partition: Partition,
    pub made_at: Timestamp,
    /// A word of this plan alone, for tags.
    pub token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<Cause>,
    /// What the user said, with defaults filled in.
    pub inputs: Map<String, Value>,
    /// What was read, and what follows from it.
    pub facts: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_after_seconds: Option<i64>,
    /// What the playbook's limit is counted for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_key: Option<String>,
    pub steps: Vec<PlannedStep>,
}

/// One call of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedStep {
    pub id: String,
    /// What it changes.
    pub title: Text,
    pub why: Text,
    pub call: Operation,
    pub region: String,
    /// What is known only when the call is made stands here as `${what}`.
    pub parameters: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_later: Vec<String>,
    /// The state before; left out when it can be read only later.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    pub before: Option<Value>,
    /// The state is as the step wants it: no call is made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub already: bool,
    /// Whether it is made is known only later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conditional: bool,
    pub undo: PlannedUndo,
    /// The element of the list that this step is made for.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    pub each: Option<Value>,
    /// How the step was described when the plan was made: what is applied and undone is what was planned.
    pub definition: Step,
}

/// A member that is null is there: a state may be nothing, which is not the same as not known.
fn there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedUndo {
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never: Option<Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<PlannedCall>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedCall {
    pub call: Operation,
    pub region: String,
    pub parameters: Value,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    #[error("`{0}` is not among the inputs: {1}")]
    UnknownInput(String, String),
    #[error("the input `{name}` is missing")]
    MissingInput { name: String, meaning: Box<Text> },
    #[error("`{name}`: {why}")]
    BadInput { name: String, why: String },
    #[error("{}", .0.en)]
    Refused(Box<Text>),
    #[error("{standing} of at most {most} stand already for {per}")]
    Limit { per: String, most: i64, standing: u64 },
    /// The plan would not say when its undo is due, or could not be undone then.
    #[error("the playbook cannot be undone: {}", .0.en)]
    NeverUndone(Box<Text>),
    #[error("{0}")]
    Read(Box<ApiError>),
    /// The playbook is wrong, or AWS's answer is not as it expects.
    #[error("{place}: {missing}")]
    Expression { place: String, missing: Missing },
}

impl From<ApiError> for PlanError {
    fn from(error: ApiError) -> Self {
        Self::Read(Box::new(error))
    }
}

/// Says where an expression stands that gave nothing.
pub(crate) fn at<T>(place: &str, found: Result<T, Missing>) -> Result<T, PlanError> {
    found.map_err(|missing| PlanError::Expression { place: place.to_owned(), missing })
}

pub(crate) fn value(text: &str, scope: &Scope) -> Result<Value, Missing> {
    parsed(text)?.value(scope)
}

pub(crate) fn truth(text: &str, scope: &Scope) -> Result<bool, Missing> {
    parsed(text)?.truth(scope)
}

fn parsed(text: &str) -> Result<Expression, Missing> {
    Expression::parse(text).map_err(|problem| Missing::wrong(format!("{}, in `{text}`", problem.message)))
}

/// The region of a call: what the playbook says, `global` for a service of the whole partition, or the plan's.
pub(crate) fn region_of(given: Option<&str>, call: &Operation, scope: &Scope, plan: &str) -> Result<String, Missing> {
    match given {
        Some(template) => {
            let region = fill_all(&template.into(), scope)?;
            region.as_str().map(str::to_owned).ok_or_else(|| Missing::wrong("the region is no text"))
        }
        None if haechi_aws::is_global(&call.service) => Ok("global".to_owned()),
        None => Ok(plan.to_owned()),
    }
}

/// A reading, made: AWS's answer. Null when there is no such thing.
pub(crate) async fn answer_of(
    read: &Read,
    scope: &Scope,
    region: &str,
    api: &dyn Api,
) -> Result<Result<Value, Missing>, ApiError> {
    let asked = region_of(read.region.as_deref(), &read.call, scope, region)
        .and_then(|region| Ok((region, fill_all(&parameters(&read.with), scope)?)));
    let (region, input) = match asked {
        Ok(asked) => asked,
        Err(missing) => return Ok(Err(missing)),
    };
    match api.call(&read.call.service, &region, &read.call.name, input).await {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Ok(Value::Null)),
        Err(error) => Err(error),
    }
}

/// The parameters of a call; none is an empty object.
pub(crate) fn parameters(with: &Value) -> Value {
    if with.is_null() { json!({}) } else { with.clone() }
}

/// How many plans stand for a limit's thing.
pub type Standing<'s> = &'s (dyn Fn(&str) -> u64 + Sync);

/// Makes a plan: reads what the playbook asks for and works out the calls. Nothing is changed.
///
/// # Errors
/// When inputs are missing or wrong, the playbook refuses, its limit is reached, or AWS can't be read.
pub async fn plan(
    playbook: &Playbook,
    request: &Request,
    api: &dyn Api,
    standing: Standing<'_>,
) -> Result<Plan, PlanError> {
    if request.expires.is_some()
        && let Some(never) = playbook.steps.iter().find_map(|(_, step)| step.undo.never.clone())
        && playbook.steps.iter().all(|(_, step)| step.undo.never.is_some())
    {
        return Err(PlanError::NeverUndone(Box::new(never)));
    }
    let inputs = inputs(playbook, request)?;
    let token = ContentHash::of_parts([
        playbook.id.as_str(),
        &Value::Object(inputs.clone()).to_string(),
        request.account.as_str(),
        request.region.as_str(),
        &request.at.to_string(),
    ]);
    let mut plan = Plan {
        schema_version: 1,
        playbook: playbook.id.clone(),
        playbook_hash: playbook.hash(),
        title: playbook.title.clone(),
        account: request.account,
        region: request.region.clone(),
        partition: request.partition.clone(),
        made_at: request.at,
        token: token.to_string()[..12].to_owned(),
        finding: cause(&request.finding),
        inputs,
        facts: Map::new(),
        expires_after_seconds: request.expires.map(|micros| micros / 1_000_000),
        limit_key: None,
        steps: Vec::new(),
    };
    let mut scope = plan.scope();
    facts(playbook, &mut plan, &mut scope, api).await?;
    for refusal in &playbook.refuse {
        if at("refuse", truth(&refusal.when, &scope))? {
            return Err(PlanError::Refused(Box::new(refusal.says.clone())));
        }
    }
    for (id, step) in playbook.steps.iter() {
        steps(id, step, &mut plan, &mut scope, api).await?;
    }
    limit(playbook, &mut plan, &scope, standing)?;
    Ok(plan)
}

fn cause(finding: &Value) -> Option<Cause> {
    let text = |names: [&str; 2]| names.iter().find_map(|name| finding[*name].as_str()).map(str::to_owned);
    Some(Cause { id: text(["id", "Id"])?, kind: text(["type", "rule"]).unwrap_or_default() })
}

/// What the user said, what the finding says, defaults; each checked.
fn inputs(playbook: &Playbook, request: &Request) -> Result<Map<String, Value>, PlanError> {
    let known = || playbook.inputs.iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
    if let Some(unknown) = request.inputs.keys().find(|name| playbook.inputs.get(name).is_none()) {
        return Err(PlanError::UnknownInput(unknown.clone(), known()));
    }
    let finding = Scope::default().with("finding", request.finding.clone());
    let mut found = Map::new();
    for (name, input) in playbook.inputs.iter() {
        let of_finding = || -> Option<Value> {
            let values = input.from.iter().filter_map(|from| value(from, &finding).ok());
            values.into_iter().find(|value| !value.is_null())
        };
        let given = request.inputs.get(name).cloned().or_else(of_finding).unwrap_or_else(|| input.default.clone());
        if given.is_null() {
            if !input.optional {
                return Err(PlanError::MissingInput { name: name.into(), meaning: Box::new(input.meaning.clone()) });
            }
            found.insert(name.into(), Value::Null);
            continue;
        }
        let bad = |why: String| PlanError::BadInput { name: name.into(), why };
        let value = typed(input.kind, &given).map_err(bad)?;
        if let (Some(pattern), Some(text)) = (&input.matches, value.as_str()) {
            let pattern = regex::Regex::new(&format!("^(?:{pattern})$")).map_err(|error| bad(error.to_string()))?;
            if !pattern.is_match(text) {
                let shown: String = text.chars().take(100).collect();
                return Err(bad(format!("{shown:?} is not like {pattern}")));
            }
        }
        found.insert(name.into(), value);
    }
    Ok(found)
}

/// Longest text of an input.
const LONGEST: usize = 2048;

fn typed(kind: InputType, given: &Value) -> Result<Value, String> {
    let wrong = || format!("{} is no {}", shown(given), kind.as_str());
    let word = given.as_str().map(str::trim);
    match kind {
        InputType::String => match word {
            Some(text) if text.len() > LONGEST => Err(format!("it has more than {LONGEST} bytes")),
            Some(text) if text.chars().any(char::is_control) => Err(format!("{text:?} has control characters")),
            Some(text) if !text.is_empty() => Ok(text.into()),
            _ => Err(wrong()),
        },
        InputType::Int => match (given.as_i64(), word.and_then(|word| word.parse::<i64>().ok())) {
            (Some(number), _) | (None, Some(number)) => Ok(number.into()),
            _ => Err(wrong()),
        },
        InputType::Boolean => match (given.as_bool(), word) {
            (Some(truth), _) => Ok(truth.into()),
            (None, Some("true")) => Ok(true.into()),
            (None, Some("false")) => Ok(false.into()),
            _ => Err(wrong()),
        },
        InputType::Address => match crate::functions::network(given) {
            Ok(network) => Ok(network.to_string().into()),
            Err(missing) => Err(missing.to_string()),
        },
    }
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(100).collect()
}

impl Plan {
    /// The names that every step may use.
    pub(crate) fn scope(&self) -> Scope {
        let mut scope = Scope::default();
        scope.set("account", self.account.as_str().into());
        scope.set("region", self.region.as_str().into());
        scope.set("partition", self.partition.as_str().into());
        scope.set("token", self.token.as_str().into());
        scope.set("planned", self.made_at.to_string().into());
        scope.set_later("callTime", "time of the call");
        for (name, value) in self.inputs.iter().chain(&self.facts) {
            scope.set(name.as_str(), value.clone());
        }
        scope
    }

    /// The text that is kept and hashed.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub fn id(&self) -> ContentHash {
        ContentHash::of(self.text().as_bytes())
    }

    /// Makes the same plan again, as of the same moment: equal to this one while nothing has changed.
    ///
    /// # Errors
    /// As [`plan`].
    pub async fn again(
        &self,
        playbook: &Playbook,
        finding: Value,
        api: &dyn Api,
        standing: Standing<'_>,
    ) -> Result<Plan, PlanError> {
        let request = Request {
            account: self.account,
            region: self.region.clone(),
            partition: self.partition.clone(),
            at: self.made_at,
            inputs: self
                .inputs
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
            finding,
            expires: self.expires_after_seconds.map(|seconds| seconds * 1_000_000),
        };
        plan(playbook, &request, api, standing).await
    }

    /// What is different in another plan: paths, at most `most`.
    pub fn differences(&self, other: &Plan, most: usize) -> Vec<String> {
        let mut found = Vec::new();
        let value = |plan: &Plan| serde_json::to_value(plan).unwrap_or_default();
        differing(&value(self), &value(other), String::new(), &mut found);
        found.retain(|path| !path.contains(".definition."));
        found.truncate(most);
        found
    }

    /// The steps that make a call, as far as is known.
    pub fn calls(&self) -> impl Iterator<Item = &PlannedStep> {
        self.steps.iter().filter(|step| !step.already)
    }
}

fn differing(a: &Value, b: &Value, path: String, found: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            for key in x.keys().chain(y.keys().filter(|key| !x.contains_key(*key))) {
                differing(x.get(key).unwrap_or(&Value::Null), y.get(key).unwrap_or(&Value::Null), below(key), found);
            }
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            x.iter().zip(y).enumerate().for_each(|(at, (x, y))| differing(x, y, below(&at.to_string()), found));
        }
        _ if a != b => found.push(path),
        _ => {}
    }
}

async fn facts(playbook: &Playbook, plan: &mut Plan, scope: &mut Scope, api: &dyn Api) -> Result<(), PlanError> {
    for (name, fact) in playbook.facts.iter() {
        let wanted = match &fact.when {
            Some(when) => at(name, truth(when, scope))?,
            None => true,
        };
        let found = match (&fact.is, &fact.read) {
            _ if !wanted => Value::Null,
            (Some(is), _) => at(name, value(is, scope))?,
            (None, Some(read)) => {
                let answer = answer_of(read, scope, plan.region.as_str(), api).await?;
                let answer = at(name, answer)?;
                at(name, value(&read.take, &scope.with("answer", answer)))?
            }
            (None, None) => Value::Null,
        };
        scope.set(name, found.clone());
        plan.facts.insert(name.to_owned(), found);
    }
    Ok(())
}

async fn steps(id: &str, step: &Step, plan: &mut Plan, scope: &mut Scope, api: &dyn Api) -> Result<(), PlanError> {
    let elements = match &step.each {
        None => vec![None],
        Some(each) => match at(id, value(each, scope))? {
            Value::Null => Vec::new(),
            Value::Array(elements) => elements.into_iter().map(Some).collect(),
            other => {
                let missing = Missing::wrong(format!("`each` needs a list, not {}", crate::expression::kind(&other)));
                return at(id, Err(missing));
            }
        },
    };
    for (number, element) in elements.into_iter().enumerate() {
        let name = if element.is_some() { format!("{id}-{}", number + 1) } else { id.to_owned() };
        let inner = match &element {
            Some(element) => scope.with("each", element.clone()),
            None => scope.clone(),
        };
        if let Some((planned, state)) = planned(name, step, element, plan, &inner, api).await? {
            gives(id, step, planned.already.then_some(state).flatten(), &inner, scope)?;
            plan.steps.push(planned);
        }
    }
    Ok(())
}

/// Names for later steps: what they are, or that they come later.
fn gives(id: &str, step: &Step, state: Option<Value>, inner: &Scope, scope: &mut Scope) -> Result<(), PlanError> {
    for (name, expression) in &step.gives {
        match &state {
            Some(state) => {
                let found = at(id, value(expression, &inner.with("state", state.clone())))?;
                scope.set(name.as_str(), found);
            }
            None => scope.set_later(name.as_str(), format!("{name} of step {id}")),
        }
    }
    Ok(())
}

/// One step with the state that it was planned on; nothing when its condition does not hold.
async fn planned(
    id: String,
    step: &Step,
    each: Option<Value>,
    plan: &Plan,
    scope: &Scope,
    api: &dyn Api,
) -> Result<Option<(PlannedStep, Option<Value>)>, PlanError> {
    let conditional = match step.when.as_deref().map(|when| truth(when, scope)) {
        None | Some(Ok(true)) => false,
        Some(Ok(false)) => return Ok(None),
        Some(Err(Missing::Later(_))) => true,
        Some(Err(wrong)) => return at(&id, Err(wrong)),
    };
    let region = plan.region.as_str();
    let state = match answer_of(&step.read, scope, region, api).await? {
        Ok(answer) => Some(at(&id, value(&step.read.take, &scope.with("answer", answer)))?),
        Err(Missing::Later(_)) => None,
        Err(wrong) => return at(&id, Err(wrong)),
    };
    let mut inner = scope.clone();
    match &state {
        Some(state) => inner.set("state", state.clone()),
        None => inner.set_later("state", "state before the call"),
    }
    for name in step.fresh.keys() {
        inner.set_later(name.as_str(), format!("{name} at the time of the call"));
    }
    let already = match (&state, truth(&step.done, &inner)) {
        // What it compares with may come later.
        (None, _) | (Some(_), Err(Missing::Later(_))) => false,
        (Some(_), done) => at(&id, done)?,
    };
    let call = &step.change;
    let filled = at(&id, fill(&parameters(&call.with), &inner))?;
    let planned = PlannedStep {
        title: step.title.clone(),
        why: step.why.clone(),
        call: call.call.clone(),
        region: at(&id, region_of(call.region.as_deref(), &call.call, &inner, region))?,
        parameters: filled.value,
        known_later: filled.later,
        before: state.clone(),
        already,
        conditional,
        undo: planned_undo(&id, step, &inner, state.as_ref(), region)?,
        each,
        definition: step.clone(),
        id,
    };
    Ok(Some((planned, state)))
}

/// The calls that will undo a step, as far as is known: those whose condition holds or is not settled.
fn planned_undo(
    id: &str,
    step: &Step,
    scope: &Scope,
    before: Option<&Value>,
    region: &str,
) -> Result<PlannedUndo, PlanError> {
    let mut inner = scope.clone();
    match before {
        Some(before) => inner.set("before", before.clone()),
        None => inner.set_later("before", "state before the call"),
    }
    inner.set_later("after", "state after the call");
    inner.set_later("state", "state at the undo");
    let mut calls = Vec::new();
    for call in &step.undo.calls {
        let settled = match call.when.as_deref().map(|when| truth(when, &inner)) {
            None | Some(Ok(true)) => true,
            Some(Ok(false)) => continue,
            Some(Err(Missing::Later(_))) => false,
            Some(Err(wrong)) => return at(id, Err(wrong)),
        };
        let Change { call: operation, region: given, with, .. } = &call.change;
        calls.push(PlannedCall {
            call: operation.clone(),
            region: at(id, region_of(given.as_deref(), operation, &inner, region))?,
            parameters: at(id, fill(&parameters(with), &inner))?.value,
        });
        if settled {
            break;
        }
    }
    Ok(PlannedUndo { never: step.undo.never.clone(), calls })
}

/// Counts what stands already, unless this plan would change nothing.
fn limit(playbook: &Playbook, plan: &mut Plan, scope: &Scope, standing: Standing<'_>) -> Result<(), PlanError> {
    let Some(limit) = &playbook.limit else { return Ok(()) };
    let per = match at("limit", fill_all(&limit.per.as_str().into(), scope))? {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let key = format!("{} {per}", playbook.id);
    let most = at("limit", value(&limit.most, scope))?.as_i64().unwrap_or(0);
    let now = standing(&key);
    plan.limit_key = Some(key);
    let full = i64::try_from(now).unwrap_or(i64::MAX) >= most;
    if full && plan.calls().next().is_some() {
        return Err(PlanError::Limit { per, most, standing: now });
    }
    Ok(())
}
