//! A batch of self-contained questions, one JSON object a line, answered line by line.

use std::io::{self, BufRead, Read as _, Write};

use haechi_iam::{BatchQuestion, MAX_QUESTION_BYTES, PolicyCache};
use serde_json::Value;

use super::answer::{write_error, write_short, write_whole};
use crate::App;
use crate::error::{Result, UserError};

/// Policies that are kept between lines, in bytes of their text.
const CACHED_BYTES: usize = 64 << 20;

/// How much is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// The decision with its explanation.
    Explained,
    /// The decision alone.
    Short,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchSummary {
    pub answered: usize,
    /// Lines that no question could be read from; each has a record that says why.
    pub unanswered: usize,
}

impl App {
    /// Answers every line of a batch with one record, in the order of the lines. Empty lines are passed over. The
    /// moment of requests that do not tell theirs is now.
    ///
    /// # Errors
    /// The batch cannot be read, or the answers cannot be written.
    pub fn simulate_batch(
        &self,
        batch: &mut dyn BufRead,
        answers: Answers,
        out: &mut dyn Write,
    ) -> Result<BatchSummary> {
        let now = self.now();
        let (iso, seconds) = (now.to_string(), now.as_micros().div_euclid(1_000_000));
        let catalogue = self.iam_catalogue()?;
        let mut cache = PolicyCache::new(CACHED_BYTES);
        let mut summary = BatchSummary::default();
        let mut bytes = Vec::new();
        let mut number = 0;
        while let Some(line) = next_line(batch, &mut bytes).map_err(|error| unread(&error))? {
            number += 1;
            let asked = match line {
                Line::Text(text) if text.trim().is_empty() => continue,
                Line::Text(text) => {
                    let now = Some((iso.as_str(), seconds));
                    let (question, id) = BatchQuestion::parse(text.trim(), &catalogue, now, &mut cache);
                    question.map_err(|error| (error.to_string(), id.clone())).map(|question| (question, id))
                }
                Line::NotUtf8 => Err(("the line is not UTF-8".to_owned(), Value::Null)),
                Line::Long => Err((format!("the line has more than {MAX_QUESTION_BYTES} bytes"), Value::Null)),
            };
            let written = match asked {
                Ok((question, id)) => {
                    summary.answered += 1;
                    match answers {
                        Answers::Explained => write_whole(&question.question(), &id, out),
                        Answers::Short => write_short(&question.question(), &id, out),
                    }
                }
                Err((message, id)) => {
                    summary.unanswered += 1;
                    write_error(&id, number, message, out)
                }
            };
            written.map_err(|error| UserError::said("error-stdout").because(error))?;
        }
        Ok(summary)
    }
}

fn unread(error: &io::Error) -> UserError {
    UserError::said("iam-batch-read").because(error)
}

enum Line<'b> {
    Text(&'b str),
    NotUtf8,
    Long,
}

/// The next line; of one that is too long nothing is kept.
fn next_line<'b>(batch: &mut dyn BufRead, bytes: &'b mut Vec<u8>) -> io::Result<Option<Line<'b>>> {
    bytes.clear();
    // One more for the end of the line, one more to see that there is too much.
    let most = MAX_QUESTION_BYTES as u64 + 2;
    if io::BufRead::read_until(&mut batch.take(most), b'\n', bytes)? == 0 {
        return Ok(None);
    }
    if bytes.len() as u64 == most && bytes.last() != Some(&b'\n') {
        skip_line(batch)?;
        return Ok(Some(Line::Long));
    }
    Ok(Some(match std::str::from_utf8(bytes) {
        Ok(text) => Line::Text(text),
        Err(_) => Line::NotUtf8,
    }))
}

fn skip_line(batch: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let buffer = batch.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        batch.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}
