//! Sets of texts by wildcard patterns: finds a text that matches one pattern of each group and none of some
//! others. The patterns run side by side over texts that differ to at least one of them (a product of automata,
//! made as far as it is walked), so a no is certain; a bound keeps patterns made to explode from doing so.

use std::collections::{HashMap, VecDeque};

use crate::pattern::{Case, contains};

/// Variables stand as letters of Unicode's private use: each is itself, and only a star covers it.
const FIRST_VARIABLE: u32 = 0xE000;
const LAST_VARIABLE: u32 = 0xF8FF;

/// Product states that are walked at most, and words that steps read.
const MAX_STATES: usize = 8_000;
const MAX_WORK: usize = 1_500_000;
/// Patterns of a group whose examples are tried.
const MAX_PLAIN: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Letter(char),
    One,
    Star,
    /// The wildcards of the first five parts of an ARN do not cross a colon.
    OneButColon,
    StarButColon,
}

/// A pattern of a policy.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    symbols: Box<[Symbol]>,
    folds: bool,
    /// The same as a plain pattern, if it is one.
    plain: Option<Box<str>>,
}

/// The variables of the policies at hand, each with the letter that stands for it.
#[derive(Debug, Default)]
pub(super) struct Variables {
    names: Vec<Box<str>>,
}

impl Variables {
    /// The text with each variable replaced by its letter; `${*}` and its like by what they spell. The flags tell
    /// which characters are literal whatever they look like.
    pub(super) fn replace(&mut self, text: &str) -> Vec<(char, bool)> {
        let mut letters = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if let Some(inner) = rest.strip_prefix("${")
                && let Some(end) = inner.find('}')
            {
                match &inner[..end] {
                    literal @ ("*" | "?" | "$") => letters.extend(literal.chars().map(|letter| (letter, true))),
                    variable => letters.push((self.letter(variable), true)),
                }
                rest = &inner[end + 1..];
                continue;
            }
            letters.push((character, false));
            rest = &rest[character.len_utf8()..];
        }
        letters
    }

    fn letter(&mut self, variable: &str) -> char {
        let name = variable.split(',').next().unwrap_or(variable).trim().to_ascii_lowercase();
        let at = self.names.iter().position(|known| **known == *name).unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        });
        let code = FIRST_VARIABLE + u32::try_from(at).unwrap_or(0) % (LAST_VARIABLE - FIRST_VARIABLE);
        char::from_u32(code).unwrap_or('\u{E000}')
    }

    /// The keys, in lower case, with their letters.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, char)> {
        let letter = |at: usize| char::from_u32(FIRST_VARIABLE + u32::try_from(at).unwrap_or(0)).unwrap_or('\u{E000}');
        self.names.iter().enumerate().map(move |(at, name)| (&**name, letter(at)))
    }
}

fn is_variable(letter: char) -> bool {
    (FIRST_VARIABLE..=LAST_VARIABLE).contains(&u32::from(letter))
}

impl Pattern {
    /// `*` and `?` are wildcards.
    pub(super) fn glob(letters: &[(char, bool)]) -> Pattern {
        let symbol = |&(letter, literal): &(char, bool)| match letter {
            '*' if !literal => Symbol::Star,
            '?' if !literal => Symbol::One,
            _ => Symbol::Letter(letter),
        };
        let is_plain = !letters.iter().any(|(letter, literal)| *literal && matches!(letter, '*' | '?'));
        let plain = is_plain.then(|| letters.iter().map(|(letter, _)| *letter).collect::<String>().into());
        Pattern { symbols: letters.iter().map(symbol).collect(), folds: false, plain }
    }

    pub(super) fn of(glob: &str) -> Pattern {
        Pattern::glob(&glob.chars().map(|letter| (letter, false)).collect::<Vec<_>>())
    }

    pub(super) fn literal(letters: &[(char, bool)]) -> Pattern {
        {
            let plain = letters.iter().map(|(letter, _)| *letter).collect::<String>();
            let is_plain = !plain.contains(['*', '?']);
            let symbols = letters.iter().map(|(letter, _)| Symbol::Letter(*letter)).collect();
            Pattern { symbols, folds: false, plain: is_plain.then(|| plain.into()) }
        }
    }

    pub(super) fn ignoring_case(letters: &[(char, bool)]) -> Pattern {
        Pattern { folds: true, plain: None, ..Pattern::literal(letters) }
    }

    /// A pattern of `ArnLike`, part by part. None: it is no ARN and matches nothing.
    pub(super) fn arn(letters: &[(char, bool)]) -> Option<Pattern> {
        // A lone star is any ARN, and whatever is compared must be one.
        let any: Vec<(char, bool)> = "arn:*:*:*:*:*".chars().map(|letter| (letter, false)).collect();
        let letters = if letters == [('*', false)] { &any } else { letters };
        let Some(first) = letters.iter().position(|(letter, _)| *letter == ':') else {
            // A variable may stand for the whole.
            return letters.iter().any(|(letter, _)| is_variable(*letter)).then(|| Pattern::glob(letters));
        };
        let (first, rest) = letters.split_at(first);
        let has_variable = first.iter().any(|(letter, _)| is_variable(*letter));
        if !has_variable && !Pattern::glob(first).matches("arn") {
            return None;
        }
        let scheme = if has_variable { first } else { &any[..3] };
        let mut colons = 0;
        let symbols = scheme.iter().chain(rest).map(|&(letter, literal)| match letter {
            '*' if !literal && colons < 5 => Symbol::StarButColon,
            '?' if !literal && colons < 5 => Symbol::OneButColon,
            '*' if !literal => Symbol::Star,
            '?' if !literal => Symbol::One,
            _ => {
                colons += usize::from(letter == ':');
                Symbol::Letter(letter)
            }
        });
        let symbols = symbols.collect();
        if colons < 5 && letters.iter().any(|(letter, _)| is_variable(*letter)) {
            return Some(Pattern::glob(letters));
        }
        (colons >= 5).then_some(Pattern { symbols, folds: false, plain: None })
    }

    /// A text that it matches, as plain as can be.
    fn example(&self) -> String {
        let mut text = String::new();
        for symbol in &self.symbols {
            match symbol {
                Symbol::Letter(letter) => text.push(*letter),
                Symbol::One | Symbol::OneButColon => text.push('x'),
                Symbol::Star | Symbol::StarButColon => text.push_str("example"),
            }
        }
        text
    }

    /// Whether every text of another pattern is surely one of this.
    fn covers(&self, other: &Pattern) -> bool {
        match (&self.plain, &other.plain) {
            (Some(own), Some(other_text)) => {
                !(other.has_variables() && own.contains('?')) && contains(own, other_text, Case::Sensitive)
            }
            _ => self.folds == other.folds && self.symbols == other.symbols,
        }
    }

    pub(super) fn has_variables(&self) -> bool {
        self.symbols.iter().any(|symbol| matches!(symbol, Symbol::Letter(letter) if is_variable(*letter)))
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.matches_as(text, 1)
    }

    /// Whether it matches whatever the variables in the text are.
    pub(super) fn surely_matches(&self, text: &str) -> bool {
        self.matches_as(text, 0)
    }

    fn matches_as(&self, text: &str, wanted: usize) -> bool {
        let patterns = [self];
        let mut walk = Walk::new(&patterns, wanted);
        let mut state = walk.start();
        for letter in text.chars() {
            state = walk.step(&state, letter);
        }
        walk.accepts(&state, 0)
    }
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Search {
    Text(String),
    /// There is none: that is certain.
    Nothing,
    TooMany,
}

/// Looks for a text that one pattern of every group matches and none of `without`.
pub(super) fn find(groups: &[Vec<&Pattern>], without: &[&Pattern]) -> Search {
    // What is covered by a pattern that is to be avoided adds nothing, nor does what another of its kind covers.
    let mut avoided: Vec<&Pattern> = Vec::new();
    for pattern in without {
        if !avoided.iter().any(|known| known.covers(pattern)) {
            avoided.retain(|known| !pattern.covers(known));
            avoided.push(pattern);
        }
    }
    let mut groups = groups.to_vec();
    for group in &mut groups {
        group.retain(|pattern| !avoided.iter().any(|avoided| avoided.covers(pattern)));
    }
    if groups.iter().any(Vec::is_empty) {
        return Search::Nothing;
    }
    find_in(&groups, &avoided)
}

fn find_in(groups: &[Vec<&Pattern>], without: &[&Pattern]) -> Search {
    // A plain example is nearly always among the texts, and reads best; that of the longest patterns says most.
    let mut plain: Vec<&Pattern> = groups.iter().flat_map(|group| group.iter().take(MAX_PLAIN)).copied().collect();
    plain.sort_by_key(|pattern| std::cmp::Reverse(pattern.symbols.len()));
    let examples = plain.iter().map(|pattern| pattern.example()).chain(groups.is_empty().then(|| "example".to_owned()));
    for text in examples {
        let is_in = groups.iter().all(|group| group.iter().any(|pattern| pattern.matches(&text)));
        if is_in && !without.iter().any(|pattern| pattern.surely_matches(&text)) {
            return Search::Text(text);
        }
    }
    let mut patterns: Vec<&Pattern> = groups.iter().flatten().copied().collect();
    let wanted = patterns.len();
    patterns.extend(without);
    let mut ends = Vec::new();
    let mut end = 0;
    for group in groups {
        ends.push((end, end + group.len()));
        end += group.len();
    }
    Walk::new(&patterns, wanted).search(&ends)
}

/// Patterns side by side. A state has one bit for each place in each pattern.
struct Walk<'p> {
    patterns: &'p [&'p Pattern],
    /// The first so many are wanted, the others are to be avoided.
    wanted: usize,
    /// The first word of each pattern, and how many words there are.
    starts: Vec<usize>,
    words: usize,
}

type State = Box<[u64]>;

impl<'p> Walk<'p> {
    fn new(patterns: &'p [&'p Pattern], wanted: usize) -> Walk<'p> {
        let mut words = 0;
        let mut starts = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            starts.push(words);
            words += pattern.symbols.len() / 64 + 1;
        }
        Walk { patterns, wanted, starts, words }
    }

    fn start(&self) -> State {
        let mut state: State = vec![0; self.words].into();
        for at in 0..self.patterns.len() {
            self.reach(&mut state, at, 0);
        }
        state
    }

    /// Marks a place, and those after it that stars reach without a letter.
    fn reach(&self, state: &mut State, pattern: usize, mut place: usize) {
        let symbols = &self.patterns[pattern].symbols;
        loop {
            state[self.starts[pattern] + place / 64] |= 1 << (place % 64);
            if !matches!(symbols.get(place), Some(Symbol::Star | Symbol::StarButColon)) {
                return;
            }
            place += 1;
        }
    }

    fn places<'s>(&self, state: &'s State, pattern: usize) -> impl Iterator<Item = usize> + use<'s> {
        let length = self.patterns[pattern].symbols.len();
        let start = self.starts[pattern];
        (0..=length / 64).flat_map(move |word| {
            let mut bits = state[start + word];
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(word * 64 + bit)
            })
        })
    }

    fn step(&mut self, state: &State, letter: char) -> State {
        let mut next: State = vec![0; self.words].into();
        for (at, pattern) in self.patterns.iter().enumerate() {
            // Only what is sure to match counts as matched where it is to be avoided: a variable may be long.
            let is_one = at < self.wanted || !is_variable(letter);
            for place in self.places(state, at) {
                match pattern.symbols.get(place) {
                    Some(Symbol::Letter(own)) if same(*own, letter, pattern.folds) => {
                        self.reach(&mut next, at, place + 1);
                    }
                    Some(Symbol::One) if is_one => self.reach(&mut next, at, place + 1),
                    Some(Symbol::OneButColon) if is_one && letter != ':' => self.reach(&mut next, at, place + 1),
                    Some(Symbol::Star) => self.reach(&mut next, at, place),
                    Some(Symbol::StarButColon) if letter != ':' => self.reach(&mut next, at, place),
                    _ => {}
                }
            }
        }
        next
    }

    fn accepts(&self, state: &State, pattern: usize) -> bool {
        let end = self.patterns[pattern].symbols.len();
        state[self.starts[pattern] + end / 64] & (1 << (end % 64)) != 0
    }

    fn is_alive(&self, state: &State, pattern: usize) -> bool {
        let words = self.patterns[pattern].symbols.len() / 64 + 1;
        state[self.starts[pattern]..self.starts[pattern] + words].iter().any(|word| *word != 0)
    }

    /// The letters that some pattern is waiting for, and one that none is.
    fn letters(&self, state: &State) -> Vec<char> {
        let mut letters = Vec::new();
        for (at, pattern) in self.patterns.iter().enumerate() {
            for place in self.places(state, at) {
                if let Some(Symbol::Letter(letter)) = pattern.symbols.get(place) {
                    letters.push(*letter);
                    if pattern.folds {
                        letters.extend(letter.to_lowercase().chain(letter.to_uppercase()));
                    }
                }
            }
        }
        letters.push(':');
        letters.sort_unstable();
        letters.dedup();
        let other = ('a'..='z').chain('0'..='9').chain('A'..='Z').chain('\u{4e00}'..).find(|l| !letters.contains(l));
        letters.splice(0..0, other);
        letters
    }

    fn search(&mut self, groups: &[(usize, usize)]) -> Search {
        let start = self.start();
        let mut seen: HashMap<State, usize> = HashMap::from([(start.clone(), 0)]);
        let mut trail: Vec<(usize, char)> = vec![(0, '\0')];
        let mut queue = VecDeque::from([(start, 0)]);
        let mut work = 0;
        while let Some((state, index)) = queue.pop_front() {
            let wanted = groups.iter().all(|&(from, to)| (from..to).any(|pattern| self.accepts(&state, pattern)));
            if wanted && !(self.wanted..self.patterns.len()).any(|pattern| self.accepts(&state, pattern)) {
                return Search::Text(spelled(&trail, index));
            }
            for letter in self.letters(&state) {
                work += self.words;
                if work > MAX_WORK {
                    return Search::TooMany;
                }
                let next = self.step(&state, letter);
                let dead = groups.iter().any(|&(from, to)| !(from..to).any(|pattern| self.is_alive(&next, pattern)));
                if dead || seen.contains_key(&next) {
                    continue;
                }
                if trail.len() >= MAX_STATES {
                    return Search::TooMany;
                }
                seen.insert(next.clone(), trail.len());
                queue.push_back((next, trail.len()));
                trail.push((index, letter));
            }
        }
        Search::Nothing
    }
}

fn same(own: char, letter: char, folds: bool) -> bool {
    own == letter || (folds && own.to_lowercase().eq(letter.to_lowercase()))
}

fn spelled(trail: &[(usize, char)], mut index: usize) -> String {
    let mut letters = Vec::new();
    while index != 0 {
        letters.push(trail[index].1);
        index = trail[index].0;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(groups: &[&[&str]], without: &[&str]) -> Search {
        let of = |patterns: &[&str]| patterns.iter().map(|text| Pattern::of(text)).collect::<Vec<_>>();
        let groups: Vec<Vec<Pattern>> = groups.iter().map(|group| of(group)).collect();
        let without = of(without);
        let groups: Vec<Vec<&Pattern>> = groups.iter().map(|group| group.iter().collect()).collect();
        find(&groups, &without.iter().collect::<Vec<_>>())
    }

    #[test]
    fn texts_are_found_or_certainly_not_there() {
        let nothing: [(&[&[&str]], &[&str]); 6] = [
            (&[&["a*"]], &["*"]),
            (&[&["a*"], &["b*"]], &[]),
            (&[&["arn:aws:s3:::x/*"]], &["arn:aws:s3:::*"]),
            (&[&["a?"]], &["a*"]),
            (&[&["a*b"], &["*c"]], &[]),
            (&[&["a", "b"]], &["a", "b"]),
        ];
        for (groups, without) in nothing {
            assert_eq!(search(groups, without), Search::Nothing, "{groups:?} {without:?}");
        }
        let there: [(&[&[&str]], &[&str]); 6] = [
            (&[&["a*"]], &["a*b"]),
            (&[&["*x*"], &["y*"]], &["yx"]),
            (&[&["arn:aws:s3:::logs-*"]], &["arn:aws:s3:::logs-*/*", "arn:aws:s3:::logs-example"]),
            (&[&["*"]], &["?", "??", "???"]),
            (&[], &["example"]),
            (&[&["a*"], &["*a*b*"]], &["a*example*", "ab"]),
        ];
        for (groups, without) in there {
            let Search::Text(text) = search(groups, without) else { panic!("{groups:?} {without:?}") };
            let matches = |pattern: &&str| crate::pattern::matches_resource(pattern, &text);
            assert!(groups.iter().all(|group| group.iter().any(matches)), "{text}");
            assert!(!without.iter().any(matches), "{text}");
        }
    }

    #[test]
    fn patterns_made_to_explode_end() {
        let hostile: Vec<String> = (0..40).map(|at| format!("*a{}{}", "?".repeat(at), "b*".repeat(8))).collect();
        let without: Vec<&str> = hostile.iter().map(String::as_str).collect();
        let hostile: &[&str] = &["*a*a*a*a*b*"];
        assert_ne!(search(&[hostile, &["*a*b*example"]], &without), Search::Nothing);
    }

    proptest::proptest! {
        #[test]
        fn a_no_is_a_no_and_a_text_is_one(
            left in "[ab*?]{0,5}", right in "[ab*?]{0,5}", not in "[ab*?]{0,4}", text in "[abc]{0,6}",
        ) {
            let matches = crate::pattern::matches_resource;
            let is_in = |text: &str| matches(&left, text) && matches(&right, text) && !matches(&not, text);
            match search(&[&[&left], &[&right]], &[&not]) {
                Search::Text(found) => proptest::prop_assert!(is_in(&found), "{found}"),
                Search::Nothing => proptest::prop_assert!(!is_in(&text)),
                Search::TooMany => proptest::prop_assert!(false, "so few patterns"),
            }
        }
    }
}
