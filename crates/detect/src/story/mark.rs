//! The lines of a log that a sum rests on: the earliest and the latest, in whatever order they come.

use haechi_model::Timestamp;

use super::tell::Claim;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark<I> {
    pub(super) time: Timestamp,
    pub(super) id: I,
    /// In a list of files.
    pub(super) file: u32,
    pub(super) record: u64,
}

/// Marks that are kept at each end.
const ENDS: usize = 3;

/// So many lines, and some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marks<I> {
    pub(super) count: u64,
    kept: Vec<Mark<I>>,
}

impl<I> Default for Marks<I> {
    fn default() -> Self {
        Self { count: 0, kept: Vec::new() }
    }
}

impl<I: Ord + Clone> Marks<I> {
    /// Counts a line; the mark is made only when it is kept.
    pub(super) fn add(&mut self, time: Timestamp, mark: impl FnOnce() -> Mark<I>) {
        self.count += 1;
        let full = self.kept.len() == 2 * ENDS;
        if full && time > self.kept[ENDS - 1].time && time < self.kept[ENDS].time {
            return;
        }
        let mark = mark();
        let at = self.kept.partition_point(|known| *known < mark);
        self.kept.insert(at, mark);
        if full {
            self.kept.remove(ENDS);
        }
    }

    pub(super) fn first(&self) -> Option<Timestamp> {
        self.kept.first().map(|mark| mark.time)
    }

    pub(super) fn last(&self) -> Option<Timestamp> {
        self.kept.last().map(|mark| mark.time)
    }

    /// Takes in the lines of another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        let count = self.count + other.count;
        for mark in &other.kept {
            self.add(mark.time, || mark.clone());
        }
        self.count = count;
    }

    /// The claim that rests on these lines, and on `also`. None of no lines.
    pub(super) fn claim(&self, also: &[Mark<I>], files: &[Box<str>], id: impl Fn(&I) -> String) -> Option<Claim> {
        let (first, last) = (self.first()?, self.last()?);
        // What a finding rests on says more than what merely came first.
        let mut marks: Vec<&Mark<I>> = also.iter().take(ENDS).collect();
        marks.extend(&self.kept);
        let mut seen: Vec<&Mark<I>> = Vec::new();
        for mark in marks {
            if !seen.contains(&mark) {
                seen.push(mark);
            }
        }
        let place = |mark: &&Mark<I>| {
            let file = files.get(mark.file as usize).map_or("", |file| &**file);
            format!("{file}:{}", mark.record)
        };
        Some(Claim {
            count: self.count,
            first,
            last,
            event_ids: seen.iter().map(|mark| id(&mark.id)).collect(),
            records: seen.iter().map(place).collect(),
        })
    }
}

/// The number of a file in a list. Lines of one file come together.
pub(super) fn file_in(files: &mut Vec<Box<str>>, path: &std::path::Path) -> u32 {
    let name = path.to_string_lossy();
    let known = files.iter().rposition(|known| **known == *name);
    known.unwrap_or_else(|| {
        files.push(Box::from(&*name));
        files.len() - 1
    }) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_ends_are_kept_in_any_order(mut times in proptest::collection::vec(0_i64..1_000, 1..60), cut in any::<proptest::sample::Index>()) {
            let mark = |at: usize, time: i64| Mark { time: Timestamp::from_seconds(time), id: at, file: 0, record: 1 };
            let all = |times: &[i64], from: usize| {
                let mut marks = Marks::default();
                for (at, time) in times.iter().enumerate() {
                    marks.add(Timestamp::from_seconds(*time), || mark(from + at, *time));
                }
                marks
            };
            let cut = cut.index(times.len() + 1);
            let whole = all(&times, 0);
            let mut halves = all(&times[cut..], cut);
            halves.merge(&all(&times[..cut], 0));
            prop_assert_eq!(&halves, &whole);
            times.sort_unstable();
            prop_assert_eq!(whole.first(), times.first().map(|time| Timestamp::from_seconds(*time)));
            prop_assert_eq!(whole.last(), times.last().map(|time| Timestamp::from_seconds(*time)));
            prop_assert!(whole.kept.len() <= 2 * ENDS && whole.count == times.len() as u64);
        }
    }
}
