//! The terminal: how wide, in colour or not, in which language; where data and messages go.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use haechi_app::UserError;
use haechi_content::Language;
use haechi_i18n::Catalog;
use haechi_report::{Color, Format, Options, Report, StoryReport, Table, ThreatReport};

use crate::progress::Bar;

#[derive(Clone, Copy)]
pub struct Screen {
    pub language: Language,
    pub quiet: bool,
}

/// `NO_COLOR` (any value) and a `TERM` of `dumb` switch colour off.
fn colour_is_welcome() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && std::env::var("TERM").as_deref() != Ok("dumb")
}

pub fn stderr_has_colour() -> bool {
    io::stderr().is_terminal() && colour_is_welcome()
}

/// Columns of the terminal: `COLUMNS` where it is set, else what the terminal says, else 100.
fn width() -> usize {
    let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    named
        .or_else(|| (io::stdout().is_terminal()).then(|| usize::from(console_width())))
        .filter(|width| *width > 0)
        .unwrap_or(100)
}

fn console_width() -> u16 {
    console::Term::stdout().size().1
}

impl Screen {
    pub fn new(language: Language, quiet: bool) -> Self {
        Self { language, quiet }
    }

    pub fn bar(&self) -> Bar {
        Bar::new(*self, !self.quiet && io::stderr().is_terminal())
    }

    pub fn options(&self, top: usize) -> Options {
        let color = if io::stdout().is_terminal() && colour_is_welcome() { Color::On } else { Color::Off };
        Options { width: width(), color, top, ..Options::default() }
    }

    /// A report on stdout.
    pub fn report(&self, report: &Report, format: Format, top: usize) -> Result<(), UserError> {
        self.print(|out| haechi_report::write(report, format, self.language, &self.options(top), out))
    }

    /// A report in a file, whole or not at all.
    pub fn export(&self, report: &Report, path: &Path) -> Result<(), UserError> {
        let failed =
            |error: &dyn std::fmt::Display| UserError::said("error-write").arg("path", path.display()).because(error);
        let format = Format::of_path(path).map_err(|error| failed(&error))?;
        let options = Options { color: Color::Off, ..self.options(usize::MAX) };
        haechi_app::write_whole(path, |out| haechi_report::write(report, format, self.language, &options, out))
            .map_err(|error| failed(&error))
    }

    /// What detections found, on stdout.
    pub fn threats(&self, report: &ThreatReport, format: Format, top: usize) -> Result<(), UserError> {
        self.print(|out| haechi_report::write_threats(report, format, self.language, &self.options(top), out))
    }

    /// The story of an investigation, on stdout.
    pub fn story(&self, report: &StoryReport, format: Format) -> Result<(), UserError> {
        self.print(|out| haechi_report::write_story(report, format, self.language, &self.options(0), out))
    }

    /// The same in a file, whole or not at all.
    pub fn export_threats(&self, report: &ThreatReport, path: &Path) -> Result<(), UserError> {
        let format = threat_format(path)?;
        let options = Options { color: Color::Off, ..self.options(usize::MAX) };
        haechi_app::write_whole(path, |out| haechi_report::write_threats(report, format, self.language, &options, out))
            .map_err(|error| UserError::said("error-write").arg("path", path.display()).because(error))
    }

    pub fn table(&self, table: &Table, format: Format) -> Result<(), UserError> {
        self.print(|out| haechi_report::write_table(table, format, self.language, &self.options(0), out))
    }

    /// What checks of policies found.
    pub fn lint(&self, lint: &haechi_report::LintOutput, format: haechi_report::LintFormat) -> Result<(), UserError> {
        self.print(|out| haechi_report::write_lint(lint, format, self.language, &self.options(0), out))
    }

    /// What is different between two versions of something.
    pub fn difference(&self, difference: &haechi_report::Difference) -> Result<(), UserError> {
        self.print(|out| haechi_report::write_difference(difference, &self.options(0), out))
    }

    pub fn text(&self, text: &str) -> Result<(), UserError> {
        self.print(|out| out.write_all(text.as_bytes()))
    }

    /// A sentence of the locales.
    pub fn words(&self, id: &str, args: &[(&str, serde_json::Value)]) -> String {
        Catalog::new(self.language).with(id, args)
    }

    /// A sentence for people, on stderr.
    pub fn say(&self, id: &str, args: &[(&str, serde_json::Value)]) {
        if !self.quiet {
            eprintln!("{}", inert(&self.words(id, args)));
        }
    }

    /// Something that its reader should know, and the place that it is about.
    pub fn warn(&self, message: &haechi_model::Message, place: &str) {
        if self.quiet {
            return;
        }
        let catalog = Catalog::new(self.language);
        let label = catalog.text("label-warning");
        let label = if stderr_has_colour() { format!("\u{1b}[1;33m{label}\u{1b}[0m") } else { label };
        eprintln!("{label} {}", inert(&catalog.message(message)));
        if !place.is_empty() {
            eprintln!("{}", inert(place));
        }
    }

    /// A line of a log, on stderr: when, and a sentence.
    pub fn say_at(&self, at: haechi_model::Timestamp, message: &haechi_model::Message) {
        if !self.quiet {
            eprintln!("{at} {}", inert(&Catalog::new(self.language).message(message)));
        }
    }

    /// Stdout, for what is written while it is found.
    pub fn stream(&self) -> Stream {
        Stream(io::BufWriter::with_capacity(1 << 16, io::stdout().lock()))
    }

    /// Writes to stdout. A reader that has gone away (`| head`) ends the program quietly.
    fn print(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), UserError> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => nobody_reads(),
            Err(error) => Err(UserError::said("error-stdout").because(error)),
            Ok(()) => Ok(()),
        }
    }
}

/// Who read stdout has seen enough.
fn nobody_reads() -> ! {
    std::process::exit(i32::from(haechi_app::Exit::Clean.code()))
}

/// Stdout, written piece by piece. A reader that has gone away ends the program quietly.
pub struct Stream(io::BufWriter<io::StdoutLock<'static>>);

impl Stream {
    /// Writes what waits.
    pub fn end(mut self) -> Result<(), UserError> {
        self.flush().map_err(|error| UserError::said("error-stdout").because(error))
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => nobody_reads(),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => nobody_reads(),
            flushed => flushed,
        }
    }
}

/// The format that a file of threats is written in, by its ending.
pub fn threat_format(path: &Path) -> Result<Format, UserError> {
    match Format::of_path(path) {
        Ok(Format::Html) => {
            Err(UserError::said("error-format-ending").arg("flag", "export").arg("path", path.display()))
        }
        Ok(format) => Ok(format),
        Err(_) => Err(UserError::said("error-format-ending").arg("flag", "export").arg("path", path.display())),
    }
}

/// Text that may hold what somebody else wrote, such as names from logs and files: a terminal obeys none of it.
fn inert(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(haechi_report::printable).collect();
    lines.join("\n")
}

/// An error on stderr in the user's language; its causes are in the words of those who refused.
pub fn error(error: &UserError, language: Language) {
    let catalog = Catalog::new(language);
    let colour = stderr_has_colour();
    let label = |id: &str, code: &str| {
        let word = catalog.text(id);
        if colour { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word }
    };
    eprintln!("{} {}", label("label-error", "1;31"), inert(&catalog.message(&error.what)));
    for cause in &error.causes {
        eprintln!("{} {}", label("label-cause", "1"), inert(&cause.to_string()));
    }
    if let Some(help) = &error.help {
        eprintln!("{} {}", label("label-help", "1;36"), inert(&catalog.message(help)));
    }
}
