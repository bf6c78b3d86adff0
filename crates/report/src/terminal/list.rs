//! Rows of any command as a table that fits the terminal.

use std::io::{self, Write};

use haechi_i18n::Catalog;

use super::layout::{Line, Style, cut, elide, width, wrap};
use crate::format::Options;
use crate::rows::{Cell, Fit, Table};
use crate::words::{compliance_id, severity_id};

/// A column is never squeezed below this.
const NARROWEST: usize = 8;
/// Columns between two cells.
const GAP: usize = 2;

pub(crate) fn write(table: &Table, catalog: &Catalog, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    if table.rows.is_empty() {
        writeln!(out, "{}", catalog.message(&table.empty))?;
    } else {
        grid(table, catalog, options, out)?;
    }
    for note in &table.notes {
        let mut line = Line::new(options.color);
        line.push(&catalog.message(note), Style::Dim);
        writeln!(out, "{}", line.end())?;
    }
    Ok(())
}

fn grid(table: &Table, catalog: &Catalog, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let titles: Vec<_> = table.columns.iter().map(|column| catalog.text(column.title)).collect();
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(|cell| shown(cell, catalog)).collect()).collect();
    let natural: Vec<_> = (0..table.columns.len())
        .map(|at| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell));
            cells.max().unwrap_or(0).max(width(&titles[at]))
        })
        .collect();
    let widths = squeeze(table, natural, options.width.max(40));
    let mut head = Line::new(options.color);
    let mut start = 0;
    for (at, title) in titles.iter().enumerate() {
        place(&mut head, title, start, widths[at], table.columns[at].fit, Style::Bold);
        start += widths[at] + GAP;
    }
    writeln!(out, "{}", head.end())?;
    for (cells, row) in table.rows.iter().zip(&rows) {
        write_row(table, cells, row, &widths, options, out)?;
    }
    Ok(())
}

/// One row; on as many lines as its longest wrapped cell needs.
fn write_row(
    table: &Table,
    cells: &[Cell],
    row: &[String],
    widths: &[usize],
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let wrapped: Vec<Vec<String>> = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let text = row.get(at).map_or("", String::as_str);
            if column.fit == Fit::Wrap { wrap(text, widths[at]) } else { vec![text.to_owned()] }
        })
        .collect();
    let lines = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    for number in 0..lines {
        let mut line = Line::new(options.color);
        let mut start = 0;
        for (at, column) in table.columns.iter().enumerate() {
            let text = wrapped[at].get(number).map_or("", String::as_str);
            let style = cells.get(at).map_or(Style::Plain, style_of);
            place(&mut line, text, start, widths[at], column.fit, style);
            start += widths[at] + GAP;
        }
        writeln!(out, "{}", line.end())?;
    }
    Ok(())
}

fn place(line: &mut Line, text: &str, start: usize, columns: usize, fit: Fit, style: Style) {
    let text = match fit {
        Fit::Whole | Fit::Number | Fit::Wrap => text.to_owned(),
        Fit::Middle => elide(text, columns),
        Fit::End => cut(text, columns),
    };
    let indent = if fit == Fit::Number { columns.saturating_sub(width(&text)) } else { 0 };
    if start + indent > 0 {
        line.to(start + indent);
    }
    line.push(&text, style);
}

/// Takes columns away from the widest shrinkable column until the table fits, or none can give more.
fn squeeze(table: &Table, mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    let gaps = GAP * widths.len().saturating_sub(1);
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
    while over > 0 {
        let shrinkable = |at: &usize| {
            matches!(table.columns[*at].fit, Fit::Middle | Fit::End | Fit::Wrap) && widths[*at] > NARROWEST
        };
        let Some(widest) = (0..widths.len()).filter(shrinkable).max_by_key(|at| widths[*at]) else { break };
        widths[widest] -= 1;
        over -= 1;
    }
    widths
}

/// A cell for people.
fn shown(cell: &Cell, catalog: &Catalog) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => super::layout::printable(text),
        Cell::Number(number) => catalog.number(*number),
        Cell::Severity(severity) => catalog.text(severity_id(*severity)),
        Cell::Compliance(compliance) => catalog.text(compliance_id(*compliance)),
        Cell::Time(moment) => catalog.minute(*moment),
        Cell::Message(message) => catalog.message(message),
        Cell::Words(text) => text.get(catalog.language()).to_owned(),
        Cell::List(parts) => catalog.list(parts),
        Cell::Json(value) => value.to_string(),
    }
}

fn style_of(cell: &Cell) -> Style {
    use haechi_model::Compliance;
    match cell {
        Cell::Severity(severity) => Style::of(*severity),
        Cell::Compliance(Compliance::Compliant) => Style::Good,
        Cell::Compliance(Compliance::NonCompliant) => Style::High,
        Cell::Compliance(_) | Cell::Time(_) => Style::Dim,
        _ => Style::Plain,
    }
}
