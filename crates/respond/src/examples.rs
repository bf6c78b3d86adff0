//! The examples of a playbook: given inputs and recorded answers of AWS, the exact calls of the plan.

use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use haechi_aws::{Api, ApiError, BoxFuture, ErrorKind};
use haechi_model::{AccountId, Partition, Region, Timestamp};
use serde_json::{Value, json};

use crate::plan::{PlanError, Request, plan};
use crate::playbook::{Answer, Example, Playbook};

/// The account, region and moment of every example.
const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
const AT: &str = "2026-11-22T09:30:00Z";

/// An example that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleFailure {
    pub playbook: String,
    pub example: String,
    pub why: String,
}

/// AWS as an example has recorded it.
struct Recorded {
    answers: Mutex<Vec<Answer>>,
}

impl Recorded {
    fn next(&self, service: &str, operation: &str, input: &Value) -> Result<Value, String> {
        let mut answers = self.answers.lock().map_err(|error| error.to_string())?;
        let name = format!("{service} {operation}");
        if answers.is_empty() {
            return Err(format!("there is no answer for {name} {input}"));
        }
        let answer = answers.remove(0);
        if answer.call.to_string() != name {
            return Err(format!("{name} {input} is asked where {} is answered", answer.call));
        }
        match answer.with.filter(|with| with != input) {
            Some(with) => Err(format!("{name} is asked with {input}, not {with}")),
            None => Ok(answer.answer),
        }
    }
}

impl Api for Recorded {
    fn call<'a>(
        &'a self,
        service: &'a str,
        region: &'a str,
        operation: &'a str,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        let failed = |kind, message: String| ApiError::new(kind, service, region, operation, message);
        let answer = match self.next(service, operation, &input) {
            Ok(Value::Null) => Err(failed(ErrorKind::NotFound, "there is no such thing".to_owned())),
            Ok(answer) => Ok(answer),
            Err(why) => Err(failed(ErrorKind::InvalidInput, why)),
        };
        Box::pin(std::future::ready(answer))
    }
}

/// Makes the plan of every example and compares.
pub fn check_examples(playbook: &Playbook) -> Vec<ExampleFailure> {
    let mut failures = Vec::new();
    for example in &playbook.examples {
        // Recorded answers are there at once: nothing is waited for.
        let checked = match pin!(check(playbook, example)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(checked) => checked,
            Poll::Pending => Err("it waits for something".to_owned()),
        };
        if let Err(why) = checked {
            let (playbook, example) = (playbook.id.clone(), example.name.clone());
            failures.push(ExampleFailure { playbook, example, why });
        }
    }
    failures
}

async fn check(playbook: &Playbook, example: &Example) -> Result<(), String> {
    let wrong = |error: &dyn std::fmt::Display| error.to_string();
    let request = Request {
        account: AccountId::parse(ACCOUNT).map_err(|error| wrong(&error))?,
        region: Region::parse(REGION).map_err(|error| wrong(&error))?,
        partition: Partition::aws(),
        at: Timestamp::parse(AT).map_err(|error| wrong(&error))?,
        inputs: example.inputs.clone(),
        finding: example.finding.clone(),
        expires: None,
    };
    let api = Recorded { answers: Mutex::new(example.answers.clone()) };
    let standing = |_: &str| example.standing;
    let made = plan(playbook, &request, &api, &standing).await;
    let made = match (made, &example.refused) {
        (Ok(plan), None) => plan,
        (Err(error @ (PlanError::Refused(_) | PlanError::Limit { .. } | PlanError::BadInput { .. })), Some(words)) => {
            let said = error.to_string();
            return if said.contains(words.as_str()) { Ok(()) } else { Err(format!("it is refused with: {said}")) };
        }
        (Ok(_), Some(words)) => return Err(format!("it is not refused; `{words}` was expected")),
        (Err(error), _) => return Err(error.to_string()),
    };
    let left = api.answers.into_inner().map_err(|error| error.to_string())?;
    if let Some(answer) = left.first() {
        return Err(format!("the answer to {} was not asked for", answer.call));
    }
    let token = |value: Value| -> Value {
        // The plan's own word is a hash: examples write it as TOKEN.
        let text = value.to_string().replace(&made.token, "TOKEN");
        serde_json::from_str(&text).unwrap_or_default()
    };
    let calls: Vec<Value> = made
        .calls()
        .map(|step| {
            let undo = step.undo.calls.iter().map(|undo| json!({"call": undo.call, "with": undo.parameters}));
            token(json!({"call": step.call, "region": step.region, "with": step.parameters, "undo": undo.collect::<Vec<_>>()}))
        })
        .collect();
    let expected: Vec<Value> = example
        .calls
        .iter()
        .map(|call| {
            let region = call.region.clone();
            let usual = || if haechi_aws::is_global(&call.call.service) { "global" } else { REGION }.to_owned();
            json!({"call": call.call, "region": region.unwrap_or_else(usual), "with": call.with, "undo": call.undo})
        })
        .collect();
    for (at, call) in calls.iter().enumerate() {
        match expected.get(at) {
            Some(wanted) if wanted == call => {}
            Some(wanted) => return Err(format!("call {} is\n  {call}\nnot\n  {wanted}", at + 1)),
            None => return Err(format!("call {} was not expected:\n  {call}", at + 1)),
        }
    }
    match expected.get(calls.len()) {
        Some(missing) => Err(format!("a call is missing:\n  {missing}")),
        None => Ok(()),
    }
}
