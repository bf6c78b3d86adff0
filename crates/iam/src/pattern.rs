//! Wildcard patterns of policies: `*` is any run of characters, `?` any one. Matching a text, containing
//! another pattern, and having a text in common with it.

use std::collections::HashMap;
use std::hash::Hash;

/// Whether letters of different case are the same. Actions ignore case, resources do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Sensitive,
    Insensitive,
}

/// Whether the action pattern of a policy (`s3:Get*`) matches an action (`s3:GetObject`).
pub fn matches_action(pattern: &str, action: &str) -> bool {
    matches(pattern, action, Case::Insensitive)
}

/// Whether the resource pattern of a policy matches an ARN, wildcards crossing `/` and `:` alike.
/// Variables are not replaced: `${aws:username}` is text here.
pub fn matches_resource(pattern: &str, arn: &str) -> bool {
    matches(pattern, arn, Case::Sensitive)
}

/// Whether `pattern` matches the whole of `text`.
///
/// The time is linear in the length of the text for each 64 characters of pattern, whatever the stars:
/// no input makes it backtrack.
pub fn matches(pattern: &str, text: &str, case: Case) -> bool {
    if pattern.is_ascii() && text.is_ascii() {
        let same = |a: u8, b: u8| match case {
            Case::Sensitive => a == b,
            Case::Insensitive => a.eq_ignore_ascii_case(&b),
        };
        return glob(
            pattern.as_bytes(),
            text.as_bytes(),
            &Glyphs { star: b'*', any: b'?' },
            &same,
            &|byte| match case {
                Case::Sensitive => byte,
                Case::Insensitive => byte.to_ascii_lowercase(),
            },
        );
    }
    let fold = |c: char| match case {
        Case::Sensitive => c,
        Case::Insensitive => c.to_ascii_lowercase(),
    };
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    glob(&pattern, &text, &Glyphs { star: '*', any: '?' }, &|a, b| fold(a) == fold(b), &fold)
}

/// Whether a pattern of symbols (see [`crate::template`]) matches a text of them.
pub(crate) fn glob_symbols(pattern: &[u32], text: &[u32]) -> bool {
    let glyphs = Glyphs { star: crate::template::STAR, any: crate::template::ANY_ONE };
    glob(pattern, text, &glyphs, &|a, b| a == b, &|symbol| symbol)
}

/// What the two wildcards look like in the symbols at hand.
struct Glyphs<T> {
    star: T,
    any: T,
}

/// Cuts the pattern at its stars: the first piece must begin the text, the last must end it, and those
/// between are found one after the other, each as far left as it can be.
fn glob<T: Copy + Eq + Hash>(
    pattern: &[T],
    text: &[T],
    glyphs: &Glyphs<T>,
    same: &impl Fn(T, T) -> bool,
    fold: &impl Fn(T) -> T,
) -> bool {
    let fits = |piece: &[T], text: &[T]| {
        piece.iter().zip(text).all(|(&wanted, &symbol)| wanted == glyphs.any || same(wanted, symbol))
    };
    let Some(first_star) = pattern.iter().position(|&symbol| symbol == glyphs.star) else {
        return pattern.len() == text.len() && fits(pattern, text);
    };
    let last_star = pattern.iter().rposition(|&symbol| symbol == glyphs.star).unwrap_or(first_star);
    let (head, tail) = (&pattern[..first_star], &pattern[last_star + 1..]);
    if head.len() + tail.len() > text.len() || !fits(head, text) || !fits(tail, &text[text.len() - tail.len()..]) {
        return false;
    }
    let mut rest = &text[head.len()..text.len() - tail.len()];
    for piece in pattern[first_star..last_star].split(|&symbol| symbol == glyphs.star).filter(|p| !p.is_empty()) {
        let found = if piece.len() * rest.len() <= SMALL {
            (0..(rest.len() + 1).saturating_sub(piece.len()))
                .find(|&at| fits(piece, &rest[at..]))
                .map(|at| at + piece.len())
        } else {
            find_end(piece, rest, glyphs.any, fold)
        };
        match found {
            Some(end) => rest = &rest[end..],
            None => return false,
        }
    }
    true
}

/// Up to this product of lengths the plain search is the fastest.
const SMALL: usize = 4096;

/// Where the leftmost occurrence of `piece` in `text` ends: the Shift-And automaton, one bit for each symbol
/// of the piece, so that `?` costs nothing and nothing is read twice.
fn find_end<T: Copy + Eq + Hash>(piece: &[T], text: &[T], any: T, fold: &impl Fn(T) -> T) -> Option<usize> {
    let blocks = piece.len().div_ceil(64);
    let mut wild = vec![0u64; blocks];
    let mut masks: HashMap<T, Vec<u64>> = HashMap::new();
    for (at, &wanted) in piece.iter().enumerate() {
        let bit = 1u64 << (at % 64);
        if wanted == any {
            wild[at / 64] |= bit;
        } else {
            masks.entry(fold(wanted)).or_insert_with(|| vec![0; blocks])[at / 64] |= bit;
        }
    }
    let last = 1u64 << ((piece.len() - 1) % 64);
    let mut state = vec![0u64; blocks];
    for (at, &symbol) in text.iter().enumerate() {
        let mask = masks.get(&fold(symbol));
        let mut carry = 1;
        for block in 0..blocks {
            let next_carry = state[block] >> 63;
            state[block] = ((state[block] << 1) | carry) & (wild[block] | mask.map_or(0, |mask| mask[block]));
            carry = next_carry;
        }
        if state[blocks - 1] & last != 0 {
            return Some(at + 1);
        }
    }
    None
}

/// Beyond this product of lengths two patterns are not compared symbol by symbol; no pattern that AWS would
/// store comes near it.
const MAX_COMPARED: usize = 1 << 26;

/// Whether every text that `inner` matches is matched by `outer` too. A yes is certain; a no is too for
/// patterns as they occur (and is the answer for two patterns of many thousand characters each).
pub fn contains(outer: &str, inner: &str, case: Case) -> bool {
    if !has_wildcard(inner) {
        return matches(outer, inner, case);
    }
    if outer == "*" || outer == inner {
        return true;
    }
    let too_long = outer.len().saturating_mul(inner.len()) > MAX_COMPARED;
    if too_long || !has_wildcard(outer) || heads_differ(outer, inner, case) {
        return false;
    }
    let outer = normal(outer, case);
    let inner = normal(inner, case);
    // What a wildcard of `inner` stands for may be a letter that `outer` does not mention, so only wildcards
    // cover it: `?` one `?` or letter, `*` anything. A star of `inner` may also be empty, so it does not count
    // for what the `?` of a run such as `?*` need.
    let letters: Vec<usize> = std::iter::once(0)
        .chain(inner.iter().scan(0, |count, symbol| {
            *count += usize::from(*symbol != Symbol::Star);
            Some(*count)
        }))
        .collect();
    // reachable[i]: the part of `outer` read so far covers inner[..i].
    let mut reachable = vec![false; inner.len() + 1];
    reachable[0] = true;
    let mut at = 0;
    while at < outer.len() {
        let run = outer[at..].iter().take_while(|symbol| **symbol == Symbol::Any).count();
        if outer.get(at + run) == Some(&Symbol::Star) {
            let Some(first) = reachable.iter().position(|&reached| reached) else { return false };
            for i in 0..=inner.len() {
                reachable[i] = i >= first && letters[i] - letters[first] >= run;
            }
            at += run + 1;
            continue;
        }
        let symbol = outer[at];
        for i in (0..inner.len()).rev() {
            let covered = inner[i] != Symbol::Star && (symbol == Symbol::Any || symbol == inner[i]);
            reachable[i + 1] = covered && reachable[i];
        }
        reachable[0] = false;
        at += 1;
    }
    reachable[inner.len()]
}

/// Whether some text is matched by both patterns. A no is certain; so is a yes, but for two patterns of many
/// thousand characters each, where it is the answer.
pub fn overlaps(left: &str, right: &str, case: Case) -> bool {
    match (has_wildcard(left), has_wildcard(right)) {
        (_, false) => return matches(left, right, case),
        (false, true) => return matches(right, left, case),
        (true, true) if heads_differ(left, right, case) => return false,
        (true, true) if left.len().saturating_mul(right.len()) > MAX_COMPARED => return true,
        (true, true) => {}
    }
    let left = normal(left, case);
    let right = normal(right, case);
    // reachable[r]: the part of `left` read so far and right[..r] have a text in common.
    let mut reachable = vec![false; right.len() + 1];
    reachable[0] = true;
    skip_stars(&right, &mut reachable);
    for &symbol in &left {
        let mut next = vec![false; right.len() + 1];
        if symbol == Symbol::Star {
            next.copy_from_slice(&reachable);
            // A star takes one more symbol of the other side, again and again.
            for r in 0..right.len() {
                next[r + 1] |= next[r];
            }
        } else {
            for (r, &other) in right.iter().enumerate() {
                next[r] |= other == Symbol::Star && reachable[r];
                let common = symbol == other || symbol == Symbol::Any || other == Symbol::Any;
                next[r + 1] |= other != Symbol::Star && common && reachable[r];
            }
        }
        skip_stars(&right, &mut next);
        reachable = next;
    }
    reachable[right.len()]
}

fn has_wildcard(pattern: &str) -> bool {
    pattern.bytes().any(|byte| matches!(byte, b'*' | b'?'))
}

/// Whether two patterns already differ before their first wildcard, as most do; spares comparing the rest.
fn heads_differ(left: &str, right: &str, case: Case) -> bool {
    for (a, b) in left.bytes().zip(right.bytes()) {
        if matches!(a, b'*' | b'?') || matches!(b, b'*' | b'?') {
            return false;
        }
        let same = match case {
            Case::Sensitive => a == b,
            Case::Insensitive => a.eq_ignore_ascii_case(&b),
        };
        if !same {
            return true;
        }
    }
    false
}

/// A star may also stand for nothing.
fn skip_stars(pattern: &[Symbol], reachable: &mut [bool]) {
    for (at, &symbol) in pattern.iter().enumerate() {
        reachable[at + 1] |= symbol == Symbol::Star && reachable[at];
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Literal(char),
    Any,
    Star,
}

/// The pattern as symbols, with each run of wildcards in one order: `*?*` is `?*`.
fn normal(pattern: &str, case: Case) -> Vec<Symbol> {
    let mut symbols = Vec::with_capacity(pattern.len());
    let mut star = false;
    for character in pattern.chars() {
        match character {
            '*' => star = true,
            '?' => symbols.push(Symbol::Any),
            _ => {
                if std::mem::take(&mut star) {
                    symbols.push(Symbol::Star);
                }
                symbols.push(Symbol::Literal(match case {
                    Case::Sensitive => character,
                    Case::Insensitive => character.to_ascii_lowercase(),
                }));
            }
        }
    }
    if star {
        symbols.push(Symbol::Star);
    }
    symbols
}
