//! Rows of any command as a table that fits the terminal.

use std::io::{self, Write};

use haechi_i18n::Catalog;

use super::layout::{Line, Style, cut, elide, width, wrap};
use crate::format::Options;
use crate::rows::{Cell, Column, Fit, Table};
use crate::words::{compliance_id, severity_id};

/// A column is never squeezed below this.
const NARROWEST: usize = 8;
/// Spare columns make room until the others have this much.
const COMFORTABLE: usize = 24;
/// Columns between two cells.
const GAP: usize = 2;

pub(crate) fn write(table: &Table, catalog: &Catalog, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    if !table.rows.is_empty() {
        grid(table, catalog, options, out)?;
    } else if table.notes.is_empty() {
        // A note says more: which page was asked for, how many files there were.
        writeln!(out, "{}", catalog.message(&table.empty))?;
    }
    for note in &table.notes {
        let mut line = Line::new(options.color);
        line.push(&catalog.message(note), Style::Dim);
        writeln!(out, "{}", line.end())?;
    }
    Ok(())
}

fn grid(table: &Table, catalog: &Catalog, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let titles: Vec<_> = table.columns.iter().map(|column| title(column, catalog)).collect();
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(|cell| shown(cell, catalog)).collect()).collect();
    let columns = layout(table, &titles, &rows, options.width.max(40));
    let mut head = Line::new(options.color);
    let mut start = 0;
    for column in &columns {
        place(&mut head, &titles[column.at], start, column, Style::Bold);
        start += column.width + GAP;
    }
    writeln!(out, "{}", head.end())?;
    for (cells, row) in table.rows.iter().zip(&rows) {
        write_row(&columns, cells, row, options, out)?;
    }
    Ok(())
}

fn title(column: &Column, catalog: &Catalog) -> String {
    // A name of the user's own may hold anything: it is shown as cells are.
    column.title.map_or_else(|| shown(&Cell::Text(column.key.to_string()), catalog), |id| catalog.text(id))
}

/// A column that is shown.
struct Shown {
    /// Its place in the table.
    at: usize,
    fit: Fit,
    /// What its widest cell needs.
    natural: usize,
    /// What it gets.
    width: usize,
}

impl Shown {
    fn gives_way(&self) -> bool {
        matches!(self.fit, Fit::Middle | Fit::End | Fit::Wrap)
    }
}

/// The columns that are shown, and how wide: none for machines, no spare one without a word in it or without room.
fn layout(table: &Table, titles: &[String], rows: &[Vec<String>], room: usize) -> Vec<Shown> {
    let cells = |at: usize| rows.iter().filter_map(move |row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0);
    let mut columns: Vec<_> = table
        .columns
        .iter()
        .enumerate()
        .filter(|(at, column)| match column.fit {
            Fit::Machine => false,
            Fit::Spare => cells(*at) > 0,
            _ => true,
        })
        .map(|(at, column)| {
            let natural = cells(at).max(width(&titles[at]));
            Shown { at, fit: column.fit, natural, width: natural }
        })
        .collect();
    loop {
        squeeze(&mut columns, room);
        let cramped = columns.iter().any(|column| column.width < column.natural.min(COMFORTABLE));
        match columns.iter().rposition(|column| column.fit == Fit::Spare) {
            Some(spare) if cramped => columns.remove(spare),
            _ => return columns,
        };
        columns.iter_mut().for_each(|column| column.width = column.natural);
    }
}

/// One row; on as many lines as its longest wrapped cell needs.
fn write_row(
    columns: &[Shown],
    cells: &[Cell],
    row: &[String],
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let wrapped: Vec<Vec<String>> = columns
        .iter()
        .map(|column| {
            let text = row.get(column.at).map_or("", String::as_str);
            if column.fit == Fit::Wrap { wrap(text, column.width) } else { vec![text.to_owned()] }
        })
        .collect();
    let lines = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    for number in 0..lines {
        let mut line = Line::new(options.color);
        let mut start = 0;
        for (column, parts) in columns.iter().zip(&wrapped) {
            let text = parts.get(number).map_or("", String::as_str);
            let style = cells.get(column.at).map_or(Style::Plain, style_of);
            place(&mut line, text, start, column, style);
            start += column.width + GAP;
        }
        writeln!(out, "{}", line.end())?;
    }
    Ok(())
}

fn place(line: &mut Line, text: &str, start: usize, column: &Shown, style: Style) {
    let text = match column.fit {
        Fit::Middle => elide(text, column.width),
        Fit::End => cut(text, column.width),
        Fit::Whole | Fit::Number | Fit::Wrap | Fit::Spare | Fit::Machine => text.to_owned(),
    };
    let indent = if column.fit == Fit::Number { column.width.saturating_sub(width(&text)) } else { 0 };
    if start + indent > 0 {
        line.to(start + indent);
    }
    line.push(&text, style);
}

/// Takes room away from the widest column that gives way until the table fits, or none can give more.
fn squeeze(columns: &mut [Shown], room: usize) {
    let gaps = GAP * columns.len().saturating_sub(1);
    let mut over = (columns.iter().map(|column| column.width).sum::<usize>() + gaps).saturating_sub(room);
    while over > 0 {
        let giving = columns.iter_mut().filter(|column| column.gives_way() && column.width > NARROWEST);
        // A name is known by its two ends; a sentence needs half as much again to say something.
        let share = |column: &&mut Shown| if column.fit == Fit::End { column.width * 2 } else { column.width * 3 };
        let Some(widest) = giving.max_by_key(share) else { break };
        widest.width -= 1;
        over -= 1;
    }
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
        Cell::Word { id, .. } => catalog.text(id),
        Cell::Message(message) => catalog.message(message),
        Cell::Words(text) => text.get(catalog.language()).to_owned(),
        Cell::List(parts) => catalog.list(parts),
        Cell::Json(value) => super::layout::printable(&value.to_string()),
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
