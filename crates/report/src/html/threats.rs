//! The threats of the page: a line each that opens to what it says, what stands out, its events and what to do.

use super::Page;
use super::markup::{escape, section, table, tone};
use crate::threats::{ThreatEntry, ThreatWords, short_entity, short_name, sorted};
use crate::words::severity_id;

/// Threats that a page holds; the rest is counted and in the other formats.
const MOST: usize = 500;

pub(super) fn threats(page: &Page<'_>) -> String {
    let Some(report) = &page.report.threats else { return String::new() };
    let words = ThreatWords { report, catalog: &page.words.catalog };
    let entries: Vec<_> = sorted(report).into_iter().filter(|entry| entry.suppression.is_none()).collect();
    let title = page.text("threats-title");
    if entries.is_empty() {
        let body = format!("<p class=\"empty\">{}</p>\n", page.text("threats-none"));
        return section("threats", &title, "", &body);
    }
    let mut body: String = entries.iter().take(MOST).map(|entry| threat(page, &words, entry)).collect();
    body = format!("<div class=\"packs threats\">{body}</div>\n");
    if entries.len() > MOST {
        body.push_str(&format!(
            "<p class=\"empty\">{}</p>\n",
            page.count("threats-more-factors", (entries.len() - MOST) as u64)
        ));
    }
    let mut notes = vec![page.count("threats-active", report.active)];
    if report.suppressed > 0 {
        notes.push(page.count("count-suppressed", report.suppressed));
    }
    if !report.inactive.is_empty() {
        let mut needs: Vec<_> = report.inactive.iter().flat_map(|one| one.needs.iter().cloned()).collect();
        needs.sort();
        needs.dedup();
        let args = [("count", report.inactive.len().into()), ("needs", words.catalog.list(&needs).into())];
        notes.push(escape(&words.catalog.with("threats-inactive", &args)));
    }
    section("threats", &title, &notes.join(" · "), &body)
}

fn threat<'r>(page: &Page<'_>, words: &ThreatWords<'r>, entry: &'r ThreatEntry) -> String {
    let threat = &entry.threat;
    let account = entry.account_name.clone().unwrap_or_else(|| threat.account.to_string());
    let count = if threat.count > 1 { format!(" ×{}", page.number(threat.count)) } else { String::new() };
    let sentence = words.sentence(threat);
    let mut detail = if sentence.is_empty() { String::new() } else { format!("<p>{}</p>\n", escape(&sentence)) };
    if !threat.factors.is_empty() {
        let factors: String =
            threat.factors.iter().map(|factor| format!("<li>{}</li>", escape(&words.factor(factor)))).collect();
        detail.push_str(&format!("<ul>{factors}</ul>\n"));
    }
    if let Some(info) = words.report.detections.get(&threat.kind) {
        let language = words.catalog.language();
        detail.push_str(&format!("<p class=\"small\">{}</p>\n", escape(info.why.get(language))));
        detail.push_str(&format!(
            "<p class=\"copy\"><b>{}</b> {}</p>\n",
            page.text("threats-response"),
            escape(info.response.get(language))
        ));
    }
    detail.push_str(&evidence(page, entry));
    let attack = if threat.attack.is_empty() { String::new() } else { format!(" · {}", threat.attack.join(", ")) };
    detail.push_str(&format!(
        "<p class=\"small\"><code>{}{}</code> · {}</p>\n",
        escape(&threat.kind),
        escape(&attack),
        threat.id
    ));
    format!(
        "<details class=\"pack\"><summary><span class=\"name\">{}</span>\
         <span class=\"chip {}\">{} {}</span><span><bdi title=\"{}\">{}</bdi></span>\
         <span class=\"small\"><bdi>{} {}</bdi> · {}{count}</span></summary><div class=\"told\">{detail}</div></details>\n",
        escape(words.title(threat)),
        tone(threat.severity()),
        threat.score,
        page.text(severity_id(threat.severity())),
        escape(&threat.entity.id),
        escape(short_entity(threat)),
        escape(&account),
        escape(threat.region.as_str()),
        escape(&words.catalog.minute(threat.last_seen)),
    )
}

/// Every claim names its events.
fn evidence(page: &Page<'_>, entry: &ThreatEntry) -> String {
    let titles = [
        ("", page.text("threats-column-time")),
        ("", page.text("threats-column-event")),
        ("", page.text("threats-column-principal")),
        ("", page.text("threats-column-address")),
        ("", page.text("threats-column-event-id")),
    ];
    let titles: Vec<_> = titles.iter().map(|(class, text)| (*class, text.as_str())).collect();
    let rows: Vec<_> = entry
        .threat
        .evidence
        .iter()
        .map(|seen| {
            let or_empty = |text: &Option<String>| escape(text.as_deref().unwrap_or_default());
            let error = seen.error.as_ref().map(|error| format!(" <span class=\"small\">{}</span>", escape(error)));
            vec![
                escape(&page.words.catalog.minute(seen.time)),
                format!("{}{}", escape(&seen.name), error.unwrap_or_default()),
                seen.principal.as_deref().map_or_else(String::new, |principal| {
                    format!("<bdi title=\"{}\">{}</bdi>", escape(principal), escape(short_name(principal)))
                }),
                or_empty(&seen.address),
                format!("<code>{}</code>", escape(&seen.event_id)),
            ]
        })
        .collect();
    table("evidence quiet", &page.text("threats-evidence"), &titles, &rows)
}
