//! The sections under the summary: what to fix, packs, accounts, services, findings, what is missing.

use std::collections::{BTreeMap, BTreeSet};

use haechi_i18n::percent;
use haechi_model::{Compliance, Severity};
use serde_json::json;

use super::Page;
use super::charts::{heat, stacked};
use super::markup::{escape, section, table, tone};
use super::overview::severity_parts;
use crate::summary::{BySeverity, GapLine, PackLine};
use crate::words::severity_id;

fn headings<'a>(owned: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    owned.iter().map(|(class, text)| (*class, text.as_str())).collect()
}

/// Rules with open findings: one fix often settles many of them.
pub(super) fn fixes(page: &Page<'_>) -> String {
    struct Fix {
        open: u64,
        new: u64,
        severity: Severity,
        accounts: BTreeSet<String>,
    }
    let mut by_rule: BTreeMap<&str, Fix> = BTreeMap::new();
    for entry in &page.summary.open {
        let finding = &entry.finding;
        let fix = by_rule.entry(&finding.rule).or_insert_with(|| Fix {
            open: 0,
            new: 0,
            severity: finding.severity,
            accounts: BTreeSet::new(),
        });
        fix.open += 1;
        fix.new += u64::from(entry.change != crate::input::Change::Still);
        fix.severity = fix.severity.max(finding.severity);
        fix.accounts.insert(page.words.account(&finding.subject.key));
    }
    let mut lines: Vec<_> = by_rule.into_iter().collect();
    lines.sort_by(|a, b| (b.1.severity, b.1.open, a.0).cmp(&(a.1.severity, a.1.open, b.0)));
    if lines.is_empty() {
        let id = page.summary.why_no_findings();
        let body = format!("<p class=\"empty\">{}</p>\n", page.text(id));
        return section("fixes", &page.text("html-fixes"), "", &body);
    }
    let most = lines.iter().map(|(_, fix)| fix.open).max().unwrap_or(0);
    let rows: Vec<_> = lines
        .iter()
        .map(|(rule, fix)| {
            let tone = tone(fix.severity);
            let accounts: Vec<_> = fix.accounts.iter().take(3).cloned().collect();
            let more = fix.accounts.len().saturating_sub(3);
            let mut accounts = page.words.catalog.list(&accounts);
            if more > 0 {
                accounts.push_str(&format!(" +{more}"));
            }
            let new = if fix.new == 0 { String::new() } else { format!("+{}", page.number(fix.new)) };
            vec![
                format!(
                    "<button type=\"button\" class=\"link\" data-rule=\"{}\">{}</button><code>{}</code>",
                    escape(rule),
                    escape(page.words.title(rule)),
                    escape(rule)
                ),
                format!("<span class=\"chip {tone}\">{}</span>", page.text(severity_id(fix.severity))),
                format!("<b>{}</b>", page.number(fix.open)),
                stacked(&[(tone, fix.open)], most),
                new,
                format!("<bdi>{}</bdi>", escape(&accounts)),
            ]
        })
        .collect();
    let titles = [
        ("rule", page.text("column-rule")),
        ("label", page.text("column-severity")),
        ("num", page.text("column-open")),
        ("chart", String::new()),
        ("num muted", page.text("html-new")),
        ("where", page.text("column-accounts")),
    ];
    let body = table("fixes", &page.text("html-fixes"), &headings(&titles), &rows);
    section("fixes", &page.text("html-fixes"), &page.text("html-fixes-note"), &body)
}

pub(super) fn packs(page: &Page<'_>) -> String {
    if page.summary.packs.is_empty() {
        let body = format!("<p class=\"empty\">{}</p>\n", page.text("html-no-packs"));
        return section("packs", &page.text("page-packs"), "", &body);
    }
    let body: String = page.summary.packs.iter().map(|line| pack(page, line)).collect();
    section("packs", &page.text("page-packs"), &legend(page), &format!("<div class=\"packs\">{body}</div>\n"))
}

fn legend(page: &Page<'_>) -> String {
    [
        ("compliant", Compliance::Compliant),
        ("noncompliant", Compliance::NonCompliant),
        ("na", Compliance::NotApplicable),
        ("insufficient", Compliance::InsufficientData),
    ]
    .iter()
    .map(|(class, compliance)| {
        format!(
            "<span class=\"key\"><span class=\"dot fill-{class}\"></span>{}</span>",
            escape(&page.words.compliance(*compliance))
        )
    })
    .collect()
}

fn pack(page: &Page<'_>, line: &PackLine<'_>) -> String {
    let rules = line.rules;
    let share = percent(rules.compliant, rules.judged())
        .map_or_else(|| page.text("not-available"), |share| format!("{share}%"));
    let parts = [
        ("compliant", rules.compliant),
        ("noncompliant", rules.non_compliant),
        ("na", rules.not_applicable),
        ("insufficient", rules.insufficient_data),
    ];
    let detail = page
        .words
        .catalog
        .with("page-pack-rules", &[("failed", json!(rules.non_compliant)), ("total", json!(rules.total()))]);
    let mut worst: Vec<_> = line.pack.rules.iter().collect();
    worst.sort_by(|a, b| {
        let rank = |compliance: Compliance| match compliance {
            Compliance::NonCompliant => 0,
            Compliance::InsufficientData => 1,
            Compliance::Compliant => 2,
            Compliance::NotApplicable => 3,
        };
        (rank(a.compliance), &a.name).cmp(&(rank(b.compliance), &b.name))
    });
    let rows: Vec<_> = worst
        .iter()
        .map(|rule| {
            let class = match rule.compliance {
                Compliance::Compliant => "compliant",
                Compliance::NonCompliant => "noncompliant",
                Compliance::NotApplicable => "na",
                Compliance::InsufficientData => "insufficient",
            };
            let note = rule.note.as_ref().map(|note| page.words.message(note)).unwrap_or_default();
            let note =
                if note.is_empty() { String::new() } else { format!("<span class=\"small\">{}</span>", escape(&note)) };
            vec![
                format!("<bdi>{}</bdi><code>{}</code>", escape(page.words.title(&rule.rule)), escape(&rule.name)),
                format!(
                    "<span class=\"verdict\"><span class=\"dot fill-{class}\"></span>{}</span>{note}",
                    escape(&page.words.compliance(rule.compliance))
                ),
                page.number(rule.counts.non_compliant),
                page.number(rule.counts.total()),
            ]
        })
        .collect();
    let titles = [
        ("rule", page.text("column-rule")),
        ("label", page.text("column-verdict")),
        ("num", page.text("html-failing")),
        ("num", page.text("html-evaluated")),
    ];
    let name = escape(&line.pack.name);
    format!(
        "<details class=\"pack\"><summary><span class=\"name\">{name}</span><span class=\"share\">{share}</span>{}<span class=\"small\">{}</span></summary>{}</details>\n",
        stacked(&parts, rules.total()),
        escape(&detail),
        table("inner", &name, &headings(&titles), &rows),
    )
}

pub(super) fn accounts_and_services(page: &Page<'_>) -> String {
    format!("<div class=\"pair\">\n{}{}</div>\n", accounts(page), services(page))
}

fn accounts(page: &Page<'_>) -> String {
    let lines = &page.summary.accounts;
    if lines.is_empty() {
        let body = format!("<p class=\"empty\">{}</p>\n", page.text("html-no-accounts"));
        return section("accounts", &page.text("page-accounts"), "", &body);
    }
    let most = lines.iter().map(|line| line.open.total()).max().unwrap_or(0);
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            let id = line.id.as_str();
            let known = page.report.accounts.iter().find(|account| account.id == line.id);
            let path = known.and_then(|account| account.ou_path.as_deref()).unwrap_or_default();
            let score = line.score.map_or_else(|| page.text("not-available"), |score| score.to_string());
            vec![
                format!(
                    "<button type=\"button\" class=\"link\" data-account=\"{id}\"><bdi>{}</bdi></button><span class=\"small\">{id} <bdi>{}</bdi></span>",
                    escape(&page.words.account_name(id)),
                    escape(path)
                ),
                if line.recorded { format!("<b>{}</b>", page.number(line.open.total())) } else { "–".to_owned() },
                if line.recorded {
                    stacked(&severity_parts(line.open), most)
                } else {
                    format!("<span class=\"small\">{}</span>", page.text("page-not-recorded"))
                },
                score,
            ]
        })
        .collect();
    let titles = [
        ("rule", page.text("column-account")),
        ("num", page.text("column-open")),
        ("chart", String::new()),
        ("num muted", page.text("page-score")),
    ];
    let body = table("quiet", &page.text("page-accounts"), &headings(&titles), &rows);
    section("accounts", &page.text("page-accounts"), "", &body)
}

fn services(page: &Page<'_>) -> String {
    let lines = &page.summary.services;
    if lines.is_empty() {
        return String::new();
    }
    let shown = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let most = lines.iter().flat_map(|line| shown.map(|severity| line.open.get(severity))).max().unwrap_or(0);
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            let mut cells = vec![escape(&line.service)];
            cells.extend(shown.iter().map(|severity| heat_cell(page, &line.service, *severity, line.open, most)));
            cells.push(
                percent(line.counts.compliant, line.counts.judged())
                    .map_or_else(|| page.text("not-available"), |share| format!("{share}%")),
            );
            cells
        })
        .collect();
    let mut titles = vec![("label", page.text("column-service"))];
    titles.extend(shown.iter().map(|severity| ("cell", page.text(severity_id(*severity)))));
    titles.push(("num muted", page.text("column-pass")));
    let body = table("heat", &page.text("html-services"), &headings(&titles), &rows);
    section("services", &page.text("html-services"), "", &body)
}

fn heat_cell(page: &Page<'_>, service: &str, severity: Severity, open: BySeverity, most: u64) -> String {
    let count = open.get(severity);
    if count == 0 {
        return "<span class=\"cell-0\">0</span>".to_owned();
    }
    format!(
        "<button type=\"button\" class=\"{} cell-{}\" data-service=\"{}\" data-severity=\"{severity}\">{}</button>",
        tone(severity),
        heat(count, most),
        escape(service),
        page.number(count)
    )
}

/// The place where the script lists findings, with its filters.
pub(super) fn findings(page: &Page<'_>) -> String {
    if page.report.findings.is_empty() {
        let id = page.summary.why_no_findings();
        let body = format!("<p class=\"empty\">{}</p>\n", page.text(id));
        return section("findings", &page.text("html-findings"), "", &body);
    }
    let all = page.text("html-all");
    let option = |value: &str, text: &str| format!("<option value=\"{}\">{text}</option>", escape(value));
    let severities: String = Severity::ALL.iter().map(|s| option(s.as_str(), &page.text(severity_id(*s)))).collect();
    let accounts: String = page
        .summary
        .accounts
        .iter()
        .map(|line| option(line.id.as_str(), &escape(&page.words.account_name(line.id.as_str()))))
        .collect();
    let services: String =
        page.summary.services.iter().map(|line| option(&line.service, &escape(&line.service))).collect();
    let statuses: String = [
        ("open", "html-status-open"),
        ("changed", "html-status-changed"),
        ("overdue", "html-status-overdue"),
        ("resolved", "html-status-resolved"),
        ("suppressed", "html-status-suppressed"),
    ]
    .iter()
    .map(|(value, id)| option(value, &page.text(id)))
    .collect();
    let select = |name: &str, label: &str, first: &str, options: &str| {
        format!("<label><span>{label}</span><select id=\"by-{name}\">{first}{options}</select></label>")
    };
    let any = format!("<option value=\"\">{all}</option>");
    let body = format!(
        "<form class=\"filters\" id=\"filters\" role=\"search\"><label class=\"wide\"><span>{}</span><input id=\"by-text\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"{}\"></label>{}{}{}{}\
         <button type=\"reset\">{}</button></form>\n\
         <p class=\"small\" id=\"shown\" role=\"status\"></p>\n<p id=\"rule-filter\" class=\"pill\" hidden></p>\n\
         <noscript><p class=\"empty\">{}</p></noscript>\n\
         <div class=\"list\" id=\"list\" role=\"list\"></div>\n<button type=\"button\" id=\"more\" hidden></button>\n",
        page.text("html-filter"),
        page.text("html-filter-hint"),
        select("severity", &page.text("column-severity"), &any, &severities),
        select("account", &page.text("column-account"), &any, &accounts),
        select("service", &page.text("column-service"), &any, &services),
        select("status", &page.text("column-status"), "", &format!("{statuses}<option value=\"\">{all}</option>")),
        page.text("html-reset"),
        page.text("html-noscript"),
    );
    section("findings", &page.text("html-findings"), "", &body)
}

pub(super) fn incomplete(page: &Page<'_>) -> String {
    let listings = page.summary.listings;
    let mut body = String::new();
    if listings.failed == 0 && page.report.unreadable.is_empty() {
        let id = if page.report.coverage.is_empty() { "html-no-coverage" } else { "html-complete" };
        body = format!("<p class=\"empty\">{}</p>\n", page.text(id));
    }
    if !page.summary.gaps.is_empty() {
        let actions: BTreeSet<_> = page.summary.gaps.iter().filter_map(|gap| gap.missing_action.as_deref()).collect();
        if !actions.is_empty() {
            let list: Vec<_> = actions.into_iter().map(escape).collect();
            body.push_str(&format!(
                "<p>{}</p><pre class=\"copy\">{}</pre>\n",
                page.text("html-missing-actions"),
                list.join("\n")
            ));
        }
        let rows: Vec<_> = page.summary.gaps.iter().map(|gap| gap_row(page, gap)).collect();
        let titles = [
            ("rule", page.text("column-operation")),
            ("", page.text("column-reason")),
            ("num", page.text("column-listings")),
            ("where", page.text("column-where")),
        ];
        body.push_str(&table("inner", &page.text("page-incomplete"), &headings(&titles), &rows));
    }
    if !page.report.unreadable.is_empty() {
        let rows: Vec<_> = page
            .report
            .unreadable
            .iter()
            .map(|file| {
                let place = match (file.line, file.column) {
                    (Some(line), Some(column)) => format!(":{line}:{column}"),
                    (Some(line), None) => format!(":{line}"),
                    _ => String::new(),
                };
                vec![
                    format!("<code><bdi>{}</bdi>{place}</code>", escape(&file.path)),
                    escape(&page.words.message(&file.reason)),
                ]
            })
            .collect();
        let titles = [("rule", page.text("column-file")), ("", page.text("column-reason"))];
        let title = page.text("html-unreadable");
        body.push_str(&format!("<h3>{title}</h3>{}", table("inner", &title, &headings(&titles), &rows)));
    }
    let note = match listings.failed + listings.complete {
        0 => String::new(),
        total => escape(
            &page
                .words
                .catalog
                .with("html-listings", &[("complete", json!(listings.complete)), ("total", json!(total))]),
        ),
    };
    section("incomplete", &page.text("page-incomplete"), &note, &body)
}

fn gap_row(page: &Page<'_>, gap: &GapLine) -> Vec<String> {
    let few = |names: &[String]| {
        let mut text = names.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
        if names.len() > 4 {
            text.push_str(&format!(" +{}", names.len() - 4));
        }
        escape(&text)
    };
    let accounts: Vec<_> = gap.accounts.iter().map(|id| page.words.account_name(id)).collect();
    vec![
        format!("<code>{}</code><span class=\"small\">{}</span>", escape(&gap.operation), few(&gap.types)),
        format!("<b>{}</b><span class=\"small\">{}</span>", escape(&gap.code), escape(&gap.message)),
        page.number(gap.listings),
        format!("<bdi>{}</bdi><span class=\"small\">{}</span>", few(&accounts), few(&gap.regions)),
    ]
}

pub(super) fn not_implemented(page: &Page<'_>) -> String {
    if page.report.not_implemented.is_empty() {
        return String::new();
    }
    let rows: Vec<_> = page
        .report
        .not_implemented
        .iter()
        .map(|rule| vec![format!("<code>{}</code>", escape(&rule.rule)), escape(&rule.packs.join(", "))])
        .collect();
    let titles = [("rule", page.text("column-rule")), ("", page.text("column-packs"))];
    let title = page.text("html-not-implemented");
    let body = table("inner", &title, &headings(&titles), &rows);
    section("not-implemented", &title, &page.text("html-not-implemented-note"), &body)
}

/// What plans and templates hold that was not judged, and what they could not tell.
pub(super) fn code(page: &Page<'_>) -> String {
    let said = crate::words::code(page.words, page.report);
    if said.is_empty() {
        return String::new();
    }
    let list: String = said.iter().map(|text| format!("<li><bdi>{}</bdi></li>", escape(text))).collect();
    section("code", &page.text("page-code"), "", &format!("<ul>{list}</ul>\n"))
}

pub(super) fn about(page: &Page<'_>) -> String {
    let weights: Vec<_> = Severity::ALL
        .iter()
        .map(|severity| format!("{} {}", page.words.severity(*severity), severity.weight()))
        .collect();
    let formula = page.words.catalog.with("html-score-how", &[("weights", json!(page.words.catalog.list(&weights)))]);
    let body = format!(
        "<p>{}</p>\n<p class=\"small\">Haechi {} · {}</p>\n",
        escape(&formula),
        escape(&page.report.meta.version),
        escape(&page.words.catalog.moment(page.report.meta.generated_at)),
    );
    section("about", &page.text("html-about"), "", &body)
}
