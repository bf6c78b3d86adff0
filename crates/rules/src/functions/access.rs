//! Questions to the engine that knows who may do what in the whole organization: see `haechi_access::Answers`.

use std::rc::Rc;

use haechi_access::QUESTIONS;

use super::{Body, Function, Gives, text};
use crate::frame::Frame;
use crate::value::{Unknown, Val};
use crate::world::Look;

/// What asking costs: the engine works out much that no rule sees.
const STEPS: usize = 1000;

pub(crate) fn is_question(name: &str) -> bool {
    QUESTIONS.iter().any(|question| question.name == name)
}

pub(super) const fn function(place: usize, call: Body) -> Function {
    let question = &QUESTIONS[place];
    let gives = match question.members {
        Some(members) => Gives::Objects(members),
        None => Gives::Scalar,
    };
    Function { name: question.name, takes: question.takes, gives, call }
}

pub fn may<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    ask(frame, "may", arguments)
}

pub fn who_may<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    ask(frame, "whoMay", arguments)
}

pub fn external_access<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    ask(frame, "externalAccess", arguments)
}

pub fn escalation_paths<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    ask(frame, "escalationPaths", arguments)
}

pub fn guardrail_mistakes<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    ask(frame, "guardrailMistakes", arguments)
}

pub fn access_review<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    ask(frame, "accessReview", arguments)
}

pub fn unused_access<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    ask(frame, "unusedAccess", arguments)
}

/// Of what has no name nothing can be asked: a role that is not built yet has no ARN.
fn ask<'a>(frame: &mut Frame<'a>, name: &str, arguments: &[Val<'a>]) -> Val<'a> {
    if let Err(spent) = frame.charge(STEPS) {
        return spent;
    }
    let mut question = vec![name.to_owned()];
    for argument in arguments {
        if let Val::Int(number) = argument {
            question.push(number.to_string());
            continue;
        }
        match text(name, argument) {
            Ok(Some(argument)) => question.push(argument.to_owned()),
            Ok(None) => {
                let unknown =
                    Unknown::Missing { what: name.to_owned(), reason: "there is no ARN to ask about".to_owned() };
                return Val::Unknown(Rc::new(unknown));
            }
            Err(why) => return Val::failed(why),
        }
    }
    let answer = frame.world.access().ask(&question);
    let value = match answer {
        Ok(answer) => Val::of_json(&answer),
        Err(reason) => Val::Unknown(Rc::new(Unknown::Missing { what: question.join(" "), reason })),
    };
    frame.saw(Look::Asked(question));
    value
}
