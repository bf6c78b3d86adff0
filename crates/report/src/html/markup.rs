//! Text made safe for markup, and the small pieces that several sections share.

use crate::terminal::layout::is_direction_mark;
use haechi_model::Severity;

/// Text as markup shows it. Marks that turn the writing direction and control characters become visible:
/// a name must not be able to reorder what stands beside it.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(c),
            c if c.is_control() || is_direction_mark(c) => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// Plain text for the page's data: what `textContent` will show.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if (c.is_control() && c != '\n' && c != '\t') || is_direction_mark(c) { '\u{fffd}' } else { c })
        .collect()
}

/// The class that colours a severity.
pub(super) const fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Informational => "info",
    }
}

/// A section with its heading; `note` stands beside the heading, already escaped.
pub(super) fn section(id: &str, title: &str, note: &str, body: &str) -> String {
    let note = if note.is_empty() { String::new() } else { format!("<p class=\"note\">{note}</p>") };
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<div class=\"head\"><h2 id=\"{id}-title\">{title}</h2>{note}</div>\n{body}</section>\n"
    )
}

/// A table; headings and cells are already escaped. The first cell of a row is its heading.
pub(super) fn table(class: &str, caption: &str, headings: &[(&str, &str)], rows: &[Vec<String>]) -> String {
    let mut text = format!("<div class=\"scroll\"><table class=\"{class}\"><caption>{caption}</caption><thead><tr>");
    for (class, heading) in headings {
        text.push_str(&format!("<th scope=\"col\" class=\"{class}\">{heading}</th>"));
    }
    text.push_str("</tr></thead><tbody>\n");
    for row in rows {
        text.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let class = headings.get(at).map_or("", |heading| heading.0);
            match at {
                0 => text.push_str(&format!("<th scope=\"row\" class=\"{class}\">{cell}</th>")),
                _ => text.push_str(&format!("<td class=\"{class}\">{cell}</td>")),
            }
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody></table></div>\n");
    text
}

/// Only web addresses become links: a `javascript:` reference stays text.
pub(super) fn is_web_address(address: &str) -> bool {
    address.starts_with("https://") && !address.contains(['"', '\'', '<', '>', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_direction_marks_are_defused() {
        assert_eq!(escape("<a href='x'>&\"\u{202e}\u{1b}"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\u{fffd}\u{fffd}");
        assert_eq!(visible("a\u{2066}b\nc"), "a\u{fffd}b\nc");
    }

    #[test]
    fn only_https_is_a_link() {
        assert!(is_web_address("https://docs.aws.amazon.com/x.html"));
        for wrong in ["javascript:alert(1)", "http://x", "https://x\" onload=\"", "data:text/html,x"] {
            assert!(!is_web_address(wrong), "{wrong}");
        }
    }
}
