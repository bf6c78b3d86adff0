//! Two JSON values as a unified difference of their lines: context, what went and what came.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::layout::{Line, Style};
use crate::format::Options;

/// A value before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub before: Value,
    pub after: Value,
    /// What the two sides are called.
    pub titles: [String; 2],
}

/// Lines around a change that are shown.
const CONTEXT: usize = 3;
/// Edits that are searched for; texts that differ more are shown as one taken for the other.
const MOST_EDITS: usize = 1500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    Same(usize, usize),
    Gone(usize),
    New(usize),
}

/// Writes the difference; nothing at all where there is none.
pub(crate) fn write(difference: &Difference, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let (old, new) = (lines(&difference.before), lines(&difference.after));
    let edits = edits(&old, &new);
    if edits.iter().all(|edit| matches!(edit, Edit::Same(..))) {
        return Ok(());
    }
    let mut line = |text: String, style: Style| {
        let mut line = Line::new(options.color);
        line.push(&text, style);
        writeln!(out, "{}", line.end())
    };
    line(format!("--- {}", difference.titles[0]), Style::Bold)?;
    line(format!("+++ {}", difference.titles[1]), Style::Bold)?;
    for (from, to) in hunks(&edits) {
        line(heading(&edits, from, to), Style::Low)?;
        for edit in &edits[from..to] {
            match *edit {
                Edit::Same(at, _) => line(format!(" {}", old[at]), Style::Plain)?,
                Edit::Gone(at) => line(format!("-{}", old[at]), Style::High)?,
                Edit::New(at) => line(format!("+{}", new[at]), Style::Good)?,
            }
        }
    }
    Ok(())
}

/// The lines of a value with its members in the order of their names. Null has none.
fn lines(value: &Value) -> Vec<String> {
    if value.is_null() {
        return Vec::new();
    }
    let text = serde_json::to_string_pretty(&sorted(value)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut names: Vec<_> = members.keys().collect();
            names.sort();
            Value::Object(names.into_iter().map(|name| (name.clone(), sorted(&members[name]))).collect::<Map<_, _>>())
        }
        Value::Array(elements) => elements.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// The shortest way from one list of lines to another, by Myers' greedy search.
fn edits(old: &[String], new: &[String]) -> Vec<Edit> {
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let ends = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(old, new)| old == new).count();
    let mut found: Vec<_> = (0..start).map(|at| Edit::Same(at, at)).collect();
    let (old_end, new_end) = (old.len() - ends, new.len() - ends);
    middle(&old[start..old_end], &new[start..new_end], start, &mut found);
    found.extend((0..ends).map(|at| Edit::Same(old_end + at, new_end + at)));
    found
}

fn middle(old: &[String], new: &[String], start: usize, found: &mut Vec<Edit>) {
    let (n, m) = (old.len(), new.len());
    let most = (n + m).min(MOST_EDITS);
    // The furthest position in `old` on each diagonal, of every number of edits: to find the way back.
    let mut furthest = vec![0_usize; 2 * most + 3];
    let mut trace: Vec<Vec<usize>> = Vec::new();
    let middle = most + 1;
    for edits in 0..=most {
        trace.push(furthest[middle - edits..=middle + edits].to_vec());
        for diagonal in (0..=edits).map(|step| 2 * step as isize - edits as isize) {
            let at = middle.wrapping_add_signed(diagonal);
            let down =
                diagonal == -(edits as isize) || (diagonal != edits as isize && furthest[at - 1] < furthest[at + 1]);
            let mut x = if down { furthest[at + 1] } else { furthest[at - 1] + 1 };
            let mut y = (x as isize - diagonal) as usize;
            while x < n && y < m && old[x] == new[y] {
                (x, y) = (x + 1, y + 1);
            }
            furthest[at] = x;
            if x >= n && y >= m {
                return back(&trace, (n, m), start, found);
            }
        }
    }
    found.extend((0..n).map(|at| Edit::Gone(start + at)));
    found.extend((0..m).map(|at| Edit::New(start + at)));
}

fn back(trace: &[Vec<usize>], end: (usize, usize), start: usize, found: &mut Vec<Edit>) {
    let (mut x, mut y) = (end.0 as isize, end.1 as isize);
    let mut way = Vec::new();
    for (edits, known) in trace.iter().enumerate().rev() {
        let edits = edits as isize;
        let furthest = |diagonal: isize| known.get((diagonal + edits) as usize).map_or(0, |x| *x as isize);
        let diagonal = x - y;
        let down = diagonal == -edits || (diagonal != edits && furthest(diagonal - 1) < furthest(diagonal + 1));
        let from = if down { diagonal + 1 } else { diagonal - 1 };
        let (before_x, before_y) = if edits == 0 { (0, 0) } else { (furthest(from), furthest(from) - from) };
        while x > before_x && y > before_y {
            (x, y) = (x - 1, y - 1);
            way.push(Edit::Same(start + x as usize, start + y as usize));
        }
        if edits > 0 {
            way.push(if down { Edit::New(start + before_y as usize) } else { Edit::Gone(start + before_x as usize) });
        }
        (x, y) = (before_x, before_y);
    }
    found.extend(way.into_iter().rev());
}

/// Stretches of edits with their context; those that touch are one.
fn hunks(edits: &[Edit]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for at in (0..edits.len()).filter(|at| !matches!(edits[*at], Edit::Same(..))) {
        let (from, to) = (at.saturating_sub(CONTEXT), (at + 1 + CONTEXT).min(edits.len()));
        match found.last_mut() {
            Some(last) if from <= last.1 => last.1 = to,
            _ => found.push((from, to)),
        }
    }
    found
}

/// `@@ -12,7 +12,9 @@`: where the stretch begins on each side, and how long it is.
fn heading(edits: &[Edit], from: usize, to: usize) -> String {
    let side = |is: fn(&Edit) -> bool| {
        let before = edits[..from].iter().filter(|edit| is(edit)).count();
        let length = edits[from..to].iter().filter(|edit| is(edit)).count();
        format!("{},{length}", if length == 0 { before } else { before + 1 })
    };
    let old = side(|edit| !matches!(edit, Edit::New(_)));
    let new = side(|edit| !matches!(edit, Edit::Gone(_)));
    format!("@@ -{old} +{new} @@")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Color;
    use proptest::prelude::*;
    use serde_json::json;

    fn shown(before: Value, after: Value) -> String {
        let difference = Difference { before, after, titles: ["old".into(), "new".into()] };
        let mut out = Vec::new();
        write(&difference, &Options { color: Color::Off, ..Options::default() }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_change_is_shown_with_its_context() {
        assert_eq!(shown(json!({"b": 1, "a": [1, 2]}), json!({"a": [1, 2], "b": 1})), "");
        assert_eq!(
            shown(json!({"a": 1, "b": 2}), json!({"a": 1, "b": 3, "c": 4})),
            "--- old\n+++ new\n@@ -1,4 +1,5 @@\n {\n   \"a\": 1,\n-  \"b\": 2\n+  \"b\": 3,\n+  \"c\": 4\n }\n"
        );
        assert_eq!(shown(Value::Null, json!(1)), "--- old\n+++ new\n@@ -0,0 +1,1 @@\n+1\n");
        assert_eq!(shown(json!([]), Value::Null), "--- old\n+++ new\n@@ -1,1 +0,0 @@\n-[]\n");
        let far = |first: i32, last: i32| {
            let mut list: Vec<i32> = (0..40).collect();
            (list[1], list[38]) = (first, last);
            json!(list)
        };
        assert_eq!(shown(far(-1, -2), far(-3, -4)).matches("@@ -").count(), 2);
    }

    #[test]
    fn texts_of_nothing_in_common_are_swapped() {
        let list = |from: i32| json!((from..from + 5000).collect::<Vec<_>>());
        let text = shown(list(0), list(10_000));
        assert_eq!((text.matches("\n-").count(), text.matches("\n+").count()), (5000, 5001));
    }

    proptest! {
        #[test]
        fn the_edits_lead_from_one_to_the_other(old in "[a-d]{0,30}", new in "[a-d]{0,30}") {
            let lines = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
            let (old, new) = (lines(&old), lines(&new));
            let (mut was, mut is) = (Vec::new(), Vec::new());
            for edit in edits(&old, &new) {
                match edit {
                    Edit::Same(a, b) => {
                        prop_assert_eq!(&old[a], &new[b]);
                        was.push(a);
                        is.push(b);
                    }
                    Edit::Gone(at) => was.push(at),
                    Edit::New(at) => is.push(at),
                }
            }
            prop_assert_eq!(was, (0..old.len()).collect::<Vec<_>>());
            prop_assert_eq!(is, (0..new.len()).collect::<Vec<_>>());
        }
    }
}
