//! Questions to the engine that knows who may do what in the whole organization: see `haechi_access::Answers`.

use std::rc::Rc;

use haechi_access::QUESTIONS;

use super::{Function, Gives, text};
use crate::frame::Frame;
use crate::value::{Unknown, Val};
use crate::world::Look;

/// What asking costs: the engine works out much that no rule sees.
const STEPS: usize = 1000;

pub(crate) fn is_question(name: &str) -> bool {
    QUESTIONS.iter().any(|question| question.name == name)
}

/// The question at a place of the list, as a function of the language.
pub(super) const fn function<const PLACE: usize>() -> Function {
    let question = &QUESTIONS[PLACE];
    let gives = match question.members {
        Some(members) => Gives::Objects(members),
        None => Gives::Scalar,
    };
    Function { name: question.name, takes: question.takes, gives, call: call::<PLACE> }
}

fn call<'a, const PLACE: usize>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    ask(frame, QUESTIONS[PLACE].name, arguments)
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
