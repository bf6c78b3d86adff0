//! Functions of texts, and conversions between texts and numbers.

use regex::RegexBuilder;
use serde_json::Value;

use super::{ask, of_text, text, texts};
use crate::frame::Frame;
use crate::value::Val;

/// Bytes that a pattern may take once compiled.
const REGEX_SIZE: usize = 1 << 18;

/// Compiles a pattern within limits; matching is linear in the text.
pub(crate) fn regex(pattern: &str) -> Result<regex::Regex, String> {
    RegexBuilder::new(pattern).size_limit(REGEX_SIZE).dfa_size_limit(REGEX_SIZE).nest_limit(32).build().map_err(
        |error| match error {
            regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
            other => format!("not a regular expression: {}", other.to_string().lines().last().unwrap_or_default()),
        },
    )
}

pub fn starts_with<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    ask("startsWith", &arguments[0], &arguments[1], |text, part| text.starts_with(part))
}

pub fn ends_with<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    ask("endsWith", &arguments[0], &arguments[1], |text, part| text.ends_with(part))
}

/// A pattern that is only known now; one that the rule fixes is compiled when the rule is loaded.
pub fn matches<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    match texts("matches", &arguments[0], &arguments[1]) {
        Ok(None) => Val::Bool(false),
        Ok(Some((text, pattern))) => {
            // Compiling costs about as much as thousands of other steps.
            if let Err(spent) = frame.charge(1000 + pattern.len() * 16) {
                return spent;
            }
            regex(pattern).map_or_else(Val::failed, |regex| Val::Bool(regex.is_match(text)))
        }
        Err(why) => Val::failed(why),
    }
}

pub fn lower<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    of_text("lowerAscii", &arguments[0], |text| frame.made(text.to_ascii_lowercase()))
}

pub fn upper<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    of_text("upperAscii", &arguments[0], |text| frame.made(text.to_ascii_uppercase()))
}

pub fn trim<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    match &arguments[0] {
        Val::Text(text) => Val::Text(text.trim()),
        other => of_text("trim", other, |text| frame.made(text.trim().to_owned())),
    }
}

pub fn split<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let separator = match text("split", &arguments[1]) {
        Ok(separator) => separator.unwrap_or(""),
        Err(why) => return Val::failed(why),
    };
    let parts = |text: &str| if separator.is_empty() { text.chars().count() } else { text.matches(separator).count() };
    let cost = arguments[0].text().map_or(0, parts);
    if let Err(spent) = frame.charge(cost) {
        return spent;
    }
    match &arguments[0] {
        Val::Text(text) if !separator.is_empty() => Val::list(text.split(separator).map(Val::Text).collect()),
        other => of_text("split", other, |text| match separator.is_empty() {
            true => Val::list(text.chars().map(|char| Val::made(char.encode_utf8(&mut [0; 4]))).collect()),
            false => Val::list(text.split(separator).map(Val::made).collect()),
        }),
    }
}

pub fn replace<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let (old, new) = match texts("replace", &arguments[1], &arguments[2]) {
        Ok(pair) => pair.unwrap_or_default(),
        Err(why) => return Val::failed(why),
    };
    of_text("replace", &arguments[0], |text| {
        let hits = if old.is_empty() { 0 } else { text.matches(old).count() };
        if hits == 0 {
            return frame.made(text.to_owned());
        }
        // The length is known before the text is made, so a short text cannot grow past all limits.
        let length = hits.saturating_mul(new.len()).saturating_add(text.len());
        match frame.charge(length / 16) {
            Ok(()) => frame.made(text.replace(old, new)),
            Err(spent) => spent,
        }
    })
}

/// `*` for any run of characters and `?` for one, over the whole text.
pub fn glob<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let length = |at: usize| arguments[at].text().map_or(0, str::len);
    if let Err(spent) = frame.charge(length(0).saturating_mul(length(1)) / 256) {
        return spent;
    }
    ask("glob", &arguments[0], &arguments[1], glob_matches)
}

/// Goes back to the last `*` only, so the work is at most text times pattern.
pub(crate) fn glob_matches(text: &str, pattern: &str) -> bool {
    let (mut rest, mut wanted) = (text.chars(), pattern.chars());
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let (mut next, mut want) = (rest.clone(), wanted.clone());
        match (want.next(), next.next()) {
            (Some('*'), _) => {
                retry = Some((rest.clone(), want.clone()));
                wanted = want;
                continue;
            }
            (Some(w), Some(c)) if w == '?' || w == c => {
                (rest, wanted) = (next, want);
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((mut from, after)) = retry.take() else { return false };
        if from.next().is_none() {
            return false;
        }
        (rest, wanted) = (from.clone(), after.clone());
        retry = Some((from, after));
    }
}

pub fn int<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    match &arguments[0] {
        Val::Int(int) => Val::Int(*int),
        // The largest whole number below 2^63 that a double has.
        Val::Double(double) if double.abs() < 9.223_372_036_854_775e18 => Val::Int(*double as i64),
        Val::Time(time) => Val::Int(time.as_micros().div_euclid(1_000_000)),
        other => other.text().and_then(|text| text.trim().parse().ok()).map_or(Val::Null, Val::Int),
    }
}

pub fn double<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let number = arguments[0].number();
    let read = || arguments[0].text().and_then(|text| text.trim().parse::<f64>().ok());
    number.or_else(read).map_or(Val::Null, Val::Double)
}

pub fn string<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    shown(&arguments[0])
}

/// A scalar as a text; other values as they are.
pub(crate) fn shown<'a>(value: &Val<'a>) -> Val<'a> {
    match value {
        Val::Bool(bool) => Val::Text(if *bool { "true" } else { "false" }),
        Val::Int(int) => Val::made(int.to_string()),
        Val::Double(double) => Val::made(double.to_string()),
        Val::Time(time) => Val::made(time.to_string()),
        other => other.clone(),
    }
}

pub fn parse_json<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let text = match text("parseJson", &arguments[0]) {
        Ok(text) => text.unwrap_or("null"),
        // An object needs no parsing: some sources have done it.
        Err(_) => return arguments[0].clone(),
    };
    match frame.charge(text.len() / 4) {
        Ok(()) => serde_json::from_str::<Value>(text).map_or(Val::Null, |value| Val::of_json(&value)),
        Err(spent) => spent,
    }
}
