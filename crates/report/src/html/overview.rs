//! The top of the page: what was judged, the score, severities, and what changed.

use haechi_model::Severity;
use serde_json::json;

use super::Page;
use super::charts::{gauge, stacked};
use super::markup::{escape, table, tone};

/// The mark: a horn over a watching eye.
const MARK: &str = "<svg class=\"mark\" viewBox=\"0 0 32 32\" aria-hidden=\"true\" focusable=\"false\"><path d=\"M16 2c1.6 3.4 2 5.4 1.6 8h-3.2C14 7.4 14.4 5.4 16 2z\"/><path d=\"M3 19c3.6-5.6 8-8 13-8s9.4 2.4 13 8c-3.6 5.6-8 8-13 8s-9.4-2.4-13-8zm13 5a5 5 0 1 0 0-10 5 5 0 0 0 0 10z\" fill-rule=\"evenodd\"/><circle cx=\"16\" cy=\"19\" r=\"2.4\"/></svg>";

pub(super) fn header(page: &Page<'_>, title: &str) -> String {
    let meta = &page.report.meta;
    let sources: Vec<_> = meta
        .sources
        .iter()
        .map(|source| format!("{} {}", page.words.source(source.kind), source.name).trim().to_owned())
        .collect();
    let mut facts = vec![
        ("html-sources", page.words.catalog.list(&sources)),
        ("html-judged-at", page.words.catalog.moment(meta.as_of.unwrap_or(meta.generated_at))),
        ("column-accounts", page.number(page.report.accounts.len() as u64)),
        ("column-resources", page.number(meta.resources)),
        ("html-evaluations", page.number(page.summary.evaluations.total())),
    ];
    if let Some(organization) = &meta.organization {
        facts.insert(1, ("html-organization", organization.clone()));
    }
    let facts: String = facts
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(id, value)| format!("<div><dt>{}</dt><dd>{}</dd></div>", page.text(id), escape(value)))
        .collect();
    let links: String = [
        ("threats", "threats-title"),
        ("fixes", "html-fixes"),
        ("packs", "page-packs"),
        ("accounts", "page-accounts"),
        ("findings", "html-findings"),
        ("incomplete", "page-incomplete"),
    ]
    .iter()
    .filter(|(id, _)| *id != "threats" || page.report.threats.is_some())
    .map(|(id, title)| format!("<a href=\"#{id}\">{}</a>", page.text(title)))
    .collect();
    format!(
        "<a class=\"skip\" href=\"#findings\">{}</a>\n<header><div class=\"brand\">{MARK}<h1>{title}</h1></div>\n\
         <dl class=\"facts\">{facts}</dl>\n<nav aria-label=\"{}\">{links}</nav></header>\n",
        page.text("html-skip"),
        page.text("html-sections"),
    )
}

pub(super) fn summary(page: &Page<'_>) -> String {
    format!(
        "<section id=\"summary\" aria-label=\"{}\" class=\"summary\">\n{}{}{}</section>\n{}",
        page.text("html-summary"),
        score(page),
        severities(page),
        changes(page),
        warning(page),
    )
}

fn score(page: &Page<'_>) -> String {
    let none = page.text("not-available");
    let figure = page.summary.score.map_or(none, |score| score.to_string());
    let below = if page.summary.score.is_some() { "/ 100" } else { "" };
    let counts = page.summary.evaluations;
    let legend: String = [
        ("compliant", "compliance-compliant", counts.compliant),
        ("noncompliant", "compliance-non-compliant", counts.non_compliant),
        ("na", "compliance-not-applicable", counts.not_applicable),
        ("insufficient", "compliance-insufficient-data", counts.insufficient_data),
    ]
    .iter()
    .map(|(class, id, count)| {
        format!(
            "<li><span class=\"dot fill-{class}\"></span><span>{}</span><b>{}</b></li>",
            page.text(id),
            page.number(*count)
        )
    })
    .collect();
    format!(
        "<div class=\"panel score\"><h2>{}</h2><div class=\"score-body\"><div>{}<p class=\"sr\">{figure} {below}</p></div><ul class=\"legend\">{legend}</ul></div></div>\n",
        page.text("page-score"),
        gauge(page.summary.score, &figure, below),
    )
}

fn severities(page: &Page<'_>) -> String {
    let most = page.summary.severities.iter().map(|line| line.open).max().unwrap_or(0);
    let rows: Vec<_> = page
        .summary
        .severities
        .iter()
        .map(|line| {
            let tone = tone(line.severity);
            let share = line.score.map_or_else(|| page.text("not-available"), |score| format!("{score}%"));
            vec![
                format!("<span class=\"chip {tone}\">{}</span>", escape(&page.words.severity(line.severity))),
                format!("<b>{}</b>", page.number(line.open)),
                stacked(&[(tone, line.open)], most),
                share,
            ]
        })
        .collect();
    let headings = [
        ("label", page.text("column-severity")),
        ("num", page.text("column-open")),
        ("chart", String::new()),
        ("num muted", page.text("column-pass")),
    ];
    let headings: Vec<_> = headings.iter().map(|(class, text)| (*class, text.as_str())).collect();
    let body = table("quiet", &page.text("html-open-by-severity"), &headings, &rows);
    let suppressed = match page.report.suppressed {
        0 => String::new(),
        count => format!("<p class=\"small\">{}</p>", page.count("count-suppressed", count)),
    };
    format!("<div class=\"panel\"><h2>{}</h2>{body}{suppressed}</div>\n", page.text("html-open-by-severity"))
}

fn changes(page: &Page<'_>) -> String {
    let Some(before) = &page.report.comparison else {
        return format!(
            "<div class=\"panel\"><h2>{}</h2><p class=\"empty\">{}</p></div>\n",
            page.text("html-changes"),
            page.text("html-first-run"),
        );
    };
    let rows: String = [
        ("new", "html-new", before.new),
        ("new", "html-reopened", before.reopened),
        ("good", "html-fixed", before.fixed),
        ("good", "html-deleted", before.deleted),
        ("calm", "html-gone", before.not_applicable + before.rule_gone),
        ("calm", "html-still", before.still),
        ("calm", "html-unknown", before.unknown),
    ]
    .iter()
    .map(|(class, id, count)| {
        let class = if *count == 0 { "zero" } else { class };
        format!("<div class=\"{class}\"><dt>{}</dt><dd>{}</dd></div>", page.text(id), page.number(*count))
    })
    .collect();
    let since = page.words.catalog.with("page-since", &[("moment", json!(page.words.catalog.moment(before.since)))]);
    format!("<div class=\"panel\"><h2>{}</h2><dl class=\"changes\">{rows}</dl></div>\n", escape(&since))
}

/// One line under the summary when the picture is not whole: a good score over half the truth misleads.
fn warning(page: &Page<'_>) -> String {
    if !page.summary.is_incomplete(page.report) {
        return String::new();
    }
    let listings = page.summary.listings;
    let mut parts = Vec::new();
    if listings.failed > 0 {
        let args = [("failed", json!(listings.failed)), ("total", json!(listings.failed + listings.complete))];
        parts.push(page.words.catalog.with("page-incomplete-note", &args));
    }
    parts.extend(crate::words::unreadable(page.words, page.report));
    if !page.report.not_implemented.is_empty() {
        parts.push(page.words.catalog.count("page-not-implemented", page.report.not_implemented.len() as u64));
    }
    format!(
        "<p class=\"warning\" role=\"note\"><b>{}</b> {} <a href=\"#incomplete\">{}</a></p>\n",
        page.text("page-incomplete"),
        escape(&parts.join(" · ")),
        page.text("html-details"),
    )
}

/// Counts of open findings as parts of a bar, worst first.
pub(super) fn severity_parts(open: crate::summary::BySeverity) -> Vec<(&'static str, u64)> {
    Severity::ALL.into_iter().map(|severity| (tone(severity), open.get(severity))).collect()
}
