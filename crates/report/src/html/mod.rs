//! One self-contained HTML page: no network, no foreign code, readable on paper and without a script.
//!
//! Every text that came from outside goes through [`markup::escape`] or into a JSON block that cannot
//! end its script element; the page's policy allows only the two inline blocks that are hashed here.

mod charts;
mod data;
mod markup;
mod overview;
mod sections;
mod threats;

use std::io::{self, Write};

use base64::Engine as _;
use sha2::{Digest, Sha256};

use crate::format::Options;
use crate::input::Report;
use crate::summary::Summary;
use crate::words::Words;
use markup::escape;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// What every section of the page needs.
pub(crate) struct Page<'a> {
    pub report: &'a Report,
    pub words: &'a Words<'a>,
    pub summary: Summary<'a>,
}

impl Page<'_> {
    /// A word of the locales, ready for the page.
    fn text(&self, id: &str) -> String {
        escape(&self.words.catalog.text(id))
    }

    fn count(&self, id: &str, count: u64) -> String {
        escape(&self.words.catalog.count(id, count))
    }

    fn number(&self, number: u64) -> String {
        self.words.catalog.number(number)
    }
}

pub(crate) fn write(report: &Report, words: &Words<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let page = Page { report, words, summary: Summary::of(report) };
    let language = words.language().as_str();
    let title = options.title.clone().unwrap_or_else(|| words.catalog.text("html-title"));
    let title = escape(&title);
    write!(
        out,
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"Haechi {}\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        source_hash(STYLE),
        source_hash(SCRIPT),
        escape(&report.meta.version),
    )?;
    for section in [
        overview::header(&page, &title),
        "<main id=\"main\">\n".to_owned(),
        overview::summary(&page),
        threats::threats(&page),
        sections::fixes(&page),
        sections::packs(&page),
        sections::accounts_and_services(&page),
        sections::findings(&page),
        sections::incomplete(&page),
        sections::not_implemented(&page),
        sections::code(&page),
        sections::about(&page),
        "</main>\n".to_owned(),
    ] {
        out.write_all(section.as_bytes())?;
    }
    out.write_all(b"<script type=\"application/json\" id=\"data\">")?;
    data::write(&page, out)?;
    write!(out, "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

/// The hash by which a content security policy allows one inline block.
fn source_hash(block: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(block.as_bytes())))
}
