//! What people read: the terminal page whole in three languages, and the HTML page's promises.

mod sample;

use haechi_content::Language;
use haechi_report::{Color, Format, Options, Report};
use unicode_width::UnicodeWidthStr;

fn written(report: &Report, format: Format, language: Language, options: &Options) -> String {
    let mut out = Vec::new();
    haechi_report::write(report, format, language, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn page(language: Language) -> String {
    written(&sample::report(), Format::Html, language, &Options::default())
}

#[test]
fn the_terminal_page_in_english() {
    insta::assert_snapshot!(written(&sample::report(), Format::Table, Language::En, &Options::default()));
}

#[test]
fn the_terminal_page_in_korean() {
    insta::assert_snapshot!(written(&sample::report(), Format::Table, Language::Ko, &Options::default()));
}

#[test]
fn the_terminal_page_in_japanese() {
    insta::assert_snapshot!(written(&sample::report(), Format::Table, Language::Ja, &Options::default()));
}

#[test]
fn the_terminal_page_of_nothing() {
    insta::assert_snapshot!(written(&sample::empty(), Format::Table, Language::En, &Options::default()));
}

#[test]
fn the_terminal_page_is_one_screen_at_any_width() {
    for language in Language::ALL {
        for width in [80, 100, 120, 200] {
            for report in [sample::report(), sample::large(500)] {
                let text = written(&report, Format::Table, language, &Options { width, ..Options::default() });
                assert!(text.lines().count() <= 48, "{} lines at {width}", text.lines().count());
                for line in text.lines() {
                    assert!(line.width() <= width, "{width}: {line}");
                    assert_eq!(line, line.trim_end());
                }
            }
        }
    }
}

/// An account that refused has no findings because nobody looked.
#[test]
fn an_account_that_was_not_recorded_has_no_counts() {
    let refused = "999988887777";
    let mut report = sample::report();
    let mut account = report.accounts[0].clone();
    account.id = refused.parse().unwrap();
    account.name = Some("acquired".into());
    report.accounts.push(account);
    // One of which something was listed, and nothing is wrong.
    let mut clean = report.accounts[0].clone();
    clean.id = "888877776666".parse().unwrap();
    clean.name = Some("sandbox".into());
    report.accounts.push(clean.clone());
    let mut listed = report.coverage[0].clone();
    listed.account_id = clean.id;
    report.coverage.push(listed);
    for (language, words) in [(Language::En, "not recorded"), (Language::Ko, "기록되지 않음"), (Language::Ja, "未記録")]
    {
        for width in [80, 100, 160] {
            let text = written(&report, Format::Table, language, &Options { width, ..Options::default() });
            let line = text.lines().find(|line| line.contains("acquired")).unwrap();
            assert!(line.ends_with(words), "{line}");
            assert!(line.width() <= width, "{line}");
            let line = text.lines().find(|line| line.contains("sandbox")).unwrap();
            assert!(line.ends_with(char::is_numeric) && !line.contains(words), "{line}");
        }
        let html = written(&report, Format::Html, language, &Options::default());
        assert_eq!(html.matches(words).count(), 1, "{}", language.as_str());
        let row = html.split_once(&format!("data-account=\"{refused}\"")).unwrap().1.split_once("</tr>").unwrap().0;
        assert!(row.contains(words), "{row}");
    }
}

#[test]
fn colour_is_only_where_it_was_asked_for() {
    let plain = written(&sample::report(), Format::Table, Language::En, &Options::default());
    assert!(!plain.contains('\u{1b}'));
    let coloured =
        written(&sample::report(), Format::Table, Language::En, &Options { color: Color::On, ..Options::default() });
    assert!(coloured.contains("\u{1b}[1;31mCritical\u{1b}[0m"));
    let mut bare = coloured;
    for code in ["1", "2", "1;31", "31", "33", "36", "2;37", "32", "0"] {
        bare = bare.replace(&format!("\u{1b}[{code}m"), "");
    }
    let trimmed: Vec<_> = bare.lines().map(str::trim_end).collect();
    assert_eq!(trimmed.join("\n"), plain.trim_end());
}

/// Opening and closing tags of the page, checked like brackets. Script, style and data are skipped as the browser does.
fn unbalanced(html: &str) -> Option<String> {
    const VOID: [&str; 4] = ["meta", "input", "!doctype", "br"];
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>')?;
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        let name: String =
            tag.trim_start_matches('/').chars().take_while(|c| c.is_alphanumeric() || *c == '!').collect();
        if tag.starts_with('/') {
            let last = open.pop();
            if last.as_deref() != Some(&name) {
                return Some(format!("</{name}> closes {last:?}"));
            }
        } else if !tag.ends_with('/') && !VOID.contains(&name.as_str()) {
            if name == "script" || name == "style" {
                rest = rest.split_once(&format!("</{name}>")).map(|(_, after)| after)?;
            } else {
                open.push(name);
            }
        }
    }
    open.pop().map(|name| format!("<{name}> is not closed"))
}

#[test]
fn the_page_is_well_formed_in_every_language() {
    for language in Language::ALL {
        for report in [sample::report(), sample::empty()] {
            let html = written(&report, Format::Html, language, &Options::default());
            assert_eq!(unbalanced(&html), None, "{}", language.as_str());
            assert!(html.contains(&format!("<html lang=\"{}\">", language.as_str())));
            for id in ["main", "findings", "incomplete", "packs", "accounts", "about"] {
                assert_eq!(html.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
            }
        }
    }
}

#[test]
fn the_page_asks_the_network_for_nothing() {
    let html = page(Language::En);
    for forbidden in
        ["src=", "@import", "url(", "fetch(", "XMLHttpRequest", "<link", "innerHTML", "eval(", "style=\"", "onclick"]
    {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let (markup, data) = html.split_once("id=\"data\">").unwrap();
    assert!(!markup.contains("http://") && !markup.contains("https://"), "markup has no outside address");
    // In the data, only references are addresses; a hostile name is text that happens to hold one.
    let data: serde_json::Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
    for rule in data["rules"].as_array().unwrap() {
        for reference in rule["references"].as_array().unwrap() {
            assert!(reference.as_str().unwrap().starts_with("https://docs.aws.amazon.com/"));
        }
    }
}

#[test]
fn hostile_names_stay_text() {
    let html = page(Language::Ja);
    assert_eq!(html.matches("<script").count(), 2, "the data and the script, nothing else");
    assert!(!html.contains("<script>alert") && !html.contains("<b>bold</b>"));
    assert!(!html.contains('\u{202e}'), "no mark turns the writing direction");
    let data = html.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    assert!(!data.contains('<') && !data.contains('>') && !data.contains('&'));
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    let names: Vec<_> = data["findings"].as_array().unwrap().iter().map(|f| f[7].as_str().unwrap()).collect();
    assert!(names.contains(&sample::HOSTILE[0]), "the name is shown as it is");
    assert!(names.contains(&"bucket\u{fffd}gpj.exe"));
}

#[test]
fn only_the_two_blocks_of_the_page_may_run() {
    let html = page(Language::En);
    let policy = html.split_once("content=\"default-src").unwrap().1.split_once('"').unwrap().0;
    assert!(
        policy.contains("'none'") && !policy.contains("unsafe") && policy.matches("'sha256-").count() == 2,
        "{policy}"
    );
}

#[test]
fn twenty_thousand_findings_make_one_page() {
    let html = written(&sample::large(20_000), Format::Html, Language::Ko, &Options::default());
    assert_eq!(unbalanced(&html), None);
    assert!(html.len() < 20_000_000, "{} bytes", html.len());
}
