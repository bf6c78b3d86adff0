//! Functions of lists and maps, and the few that any value has.

use std::ops::ControlFlow;

use super::{of_text, text};
use crate::frame::Frame;
use crate::value::Val;

pub fn size<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    match arguments[0].size() {
        Some(size) => Val::Int(size as i64),
        None => Val::failed(format!("a value of type {} has no size", arguments[0].type_name())),
    }
}

pub fn first<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let mut found = Val::Null;
    match arguments[0].each(|element| {
        found = element;
        ControlFlow::Break(())
    }) {
        Ok(()) => found,
        Err(why) => why,
    }
}

pub fn flatten<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let mut flat = Vec::new();
    let done = arguments[0].each(|element| {
        if !element.is_list() {
            flat.push(element);
            return ControlFlow::Continue(());
        }
        let _ = element.each(|inner| {
            flat.push(inner);
            ControlFlow::Continue(())
        });
        ControlFlow::Continue(())
    });
    match done.and_then(|()| frame.charge(flat.len())) {
        Ok(()) => Val::list(flat),
        Err(why) => why,
    }
}

pub fn distinct<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let mut kept: Vec<Val<'a>> = Vec::new();
    let mut spent = Ok(());
    let done = arguments[0].each(|element| {
        // Every element is held against all that were kept.
        spent = frame.charge(1 + kept.len() / 8);
        if spent.is_err() {
            return ControlFlow::Break(());
        }
        if !kept.iter().any(|other| other.same(&element)) {
            kept.push(element);
        }
        ControlFlow::Continue(())
    });
    match done.and(spent) {
        Ok(()) => Val::list(kept),
        Err(why) => why,
    }
}

/// A text has a text in it, a list an element.
pub fn contains<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    if arguments[0].is_list() {
        return crate::eval::contains(&arguments[0], &arguments[1]);
    }
    super::ask("contains", &arguments[0], &arguments[1], |text, part| text.contains(part))
}

pub fn keys<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    if arguments[0].is_list() {
        return Val::failed("`keys` needs a map, not a list");
    }
    let mut keys = Vec::new();
    match arguments[0].each(|key| {
        keys.push(key);
        ControlFlow::Continue(())
    }) {
        Ok(()) => Val::list(keys),
        Err(why) => why,
    }
}

pub fn join<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let separator = match arguments.get(1).map(|separator| text("join", separator)) {
        None => "",
        Some(Ok(separator)) => separator.unwrap_or(""),
        Some(Err(why)) => return Val::failed(why),
    };
    let (mut joined, mut wrong, mut first) = (String::new(), None, true);
    let done = arguments[0].each(|element| {
        if !std::mem::take(&mut first) {
            joined.push_str(separator);
        }
        match of_text("join", &super::texts::shown(&element), |text| {
            joined.push_str(text);
            Val::Null
        }) {
            Val::Null => ControlFlow::Continue(()),
            why => {
                wrong = Some(why);
                ControlFlow::Break(())
            }
        }
    });
    match (done, wrong) {
        (Err(why), _) | (Ok(()), Some(why)) => why,
        (Ok(()), None) => frame.made(joined),
    }
}

pub fn type_of<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    Val::Text(arguments[0].type_name())
}
