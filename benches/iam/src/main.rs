//! `bench-iam questions COUNT SEED` writes realistic questions; `bench-iam answers FILE` decides them, to be compared
//! with a peer's answers; `bench-iam speed FILE [ROUNDS]` measures decisions on one core, policies prepared once, and
//! `bench-iam who-can PRINCIPALS POLICIES` one question to a whole organization; `bench-iam world PRINCIPALS POLICIES`
//! the same from items on; `bench-iam paths PRINCIPALS POLICIES` all escalation paths of that world, and
//! `bench-iam what-if FOLDER` a change of SCPs replayed over CloudTrail's files.

mod organization;
mod processor;
mod questions;
mod whatif;
mod world;

use std::io::{BufWriter, Write as _};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use haechi_iam::{BatchQuestion, Catalogue, PolicyCache, Question, Verdict};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The moment of requests that do not tell theirs.
const NOW: Option<(&str, i64)> = Some(("2026-11-22T09:30:00Z", 1_795_339_800));

/// Repetitions of one question between two looks at the clock.
const REPEATS: u32 = 200;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["questions", count, seed] => write_questions(count.parse()?, seed.parse()?),
        ["who-can", principals, policies] => organization::who_can(principals.parse()?, policies.parse()?),
        ["world", principals, policies] => world::ask(principals.parse()?, policies.parse()?),
        ["paths", principals, policies] => world::search(principals.parse()?, policies.parse()?),
        ["what-if", folder] => whatif::run(folder),
        ["answers", file] => answers(file),
        ["speed", file] => speed(file, 5),
        ["speed", file, rounds] => speed(file, rounds.parse()?),
        _ => bail!(
            "usage: bench-iam questions COUNT SEED | answers FILE | speed FILE [ROUNDS] | who-can PRINCIPALS POLICIES \
            | world PRINCIPALS POLICIES | paths PRINCIPALS POLICIES | what-if FOLDER"
        ),
    }
}

/// The table that ships with the program.
fn catalogue() -> Result<Catalogue> {
    Ok(Catalogue::read(include_str!("../../../content/iam/actions.txt"))?)
}

fn write_questions(count: usize, seed: u64) -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in questions::lines(count, seed) {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

fn answers(file: &str) -> Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| file.to_owned())?;
    let catalogue = catalogue()?;
    let mut cache = PolicyCache::new(64 << 20);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in text.lines() {
        let (asked, id) = BatchQuestion::parse(line, &catalogue, NOW, &mut cache);
        let decision = asked?.question().decide().verdict().name();
        writeln!(out, "{}", serde_json::json!({"id": id, "decision": decision}))?;
    }
    Ok(out.flush()?)
}

fn speed(file: &str, rounds: usize) -> Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| file.to_owned())?;
    let catalogue = catalogue()?;
    let mut cache = PolicyCache::new(64 << 20);
    let asked: Vec<BatchQuestion> =
        text.lines().map(|line| BatchQuestion::parse(line, &catalogue, NOW, &mut cache).0).collect::<Result<_, _>>()?;
    let mut verdicts = [0; 3];
    for question in &asked {
        verdicts[question.question().decide().verdict() as usize] += 1;
    }
    println!("{} questions: {verdicts:?} allowed, implicitly and explicitly denied", asked.len());
    let decide = |question: &Question<'_>| question.decide().verdict();
    let explain = |question: &Question<'_>| question.explain().verdict;
    report("decide", &asked, rounds, decide);
    report("explain", &asked, rounds, explain);
    Ok(())
}

fn report(what: &str, asked: &[BatchQuestion], rounds: usize, decide: impl Fn(&Question<'_>) -> Verdict) {
    let mut each: Vec<f64> = Vec::with_capacity(asked.len());
    for one in asked {
        let question = one.question();
        let best = (0..rounds).map(|_| {
            let start = Instant::now();
            for _ in 0..REPEATS {
                std::hint::black_box(decide(std::hint::black_box(&question)));
            }
            start.elapsed().as_nanos() as f64 / f64::from(REPEATS)
        });
        each.push(best.fold(f64::INFINITY, f64::min));
    }
    each.sort_by(f64::total_cmp);
    let at = |part: f64| each[((each.len() - 1) as f64 * part) as usize];
    let mean = each.iter().sum::<f64>() / each.len() as f64;
    println!(
        "{what}: median {:.0} ns, 90 % {:.0} ns, most {:.0} ns; {:.0} a second",
        at(0.5),
        at(0.9),
        at(1.0),
        1e9 / mean
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter a question: Allowed, Implicitly denied, Explicitly denied. @cloud-copilot/iam-simulate 0.1.173 came
    /// to the same answers on 2026-11-22 (`benches/peers/iam_simulate.mjs`).
    const VERDICTS: &str = include_str!("../verdicts.txt");

    #[test]
    fn the_verdicts_are_those_that_were_checked() {
        let catalogue = catalogue().unwrap();
        let mut cache = PolicyCache::new(64 << 20);
        let lines = questions::lines(400, 2026);
        let verdicts: String = lines
            .iter()
            .map(|line| {
                let (asked, _) = BatchQuestion::parse(line, &catalogue, NOW, &mut cache);
                match asked.unwrap().question().explain().verdict {
                    Verdict::Allowed => 'A',
                    Verdict::ImplicitlyDenied => 'I',
                    Verdict::ExplicitlyDenied => 'E',
                }
            })
            .collect();
        let wanted: String = VERDICTS.split_whitespace().collect();
        assert_eq!(wanted.len(), 400);
        for (id, (found, wanted)) in verdicts.chars().zip(wanted.chars()).enumerate() {
            assert_eq!(found, wanted, "question {id}: {}", lines[id]);
        }
    }
}
