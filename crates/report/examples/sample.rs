//! Writes the tests' sample report, to look at a format while working on it:
//! `cargo run -p haechi-report --example sample -- html ko [FINDINGS] > page.html`

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::io::{self, Write};

use haechi_content::Language;
use haechi_report::{Color, Format, Options};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let arg = |at: usize| args.get(at).map(String::as_str);
    let format: Format = arg(0).unwrap_or("table").parse().map_err(io::Error::other)?;
    let language: Language = arg(1).unwrap_or("en").parse().map_err(io::Error::other)?;
    let report = match arg(2) {
        Some("empty") => sample::empty(),
        Some(count) => sample::large(count.parse().map_err(io::Error::other)?),
        None => sample::report(),
    };
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100);
    let color = if std::env::var_os("NO_COLOR").is_some() { Color::Off } else { Color::On };
    let options = Options { width, color, ..Options::default() };
    let mut out = io::BufWriter::new(io::stdout().lock());
    haechi_report::write(&report, format, language, &options, &mut out)?;
    out.flush()
}
