//! S3 server access logs: one request a line, columns between spaces, a time in brackets and texts in quotes.
//!
//! Three columns hold what the requester wrote: the request's URI, the referer and the user agent. S3 does not
//! promise to escape quotes in them, so that the ends of these are told by what must stand behind them.

use haechi_model::event::{Found, Record};
use haechi_model::{AccountId, ContentHash, Log, Timestamp};

use crate::columns::Columns;
use crate::out::{Known, LineLog, Out, Verdict};

/// The columns in their order, by the names that rules use. Older lines end earlier; S3 adds new ones at the end.
pub(crate) const COLUMNS: [&str; 27] = [
    "bucket_owner",
    "bucket",
    "time",
    "remote_ip",
    "requester",
    "request_id",
    "operation",
    "key",
    "request_uri",
    "http_status",
    "error_code",
    "bytes_sent",
    "object_size",
    "total_time",
    "turn_around_time",
    "referer",
    "user_agent",
    "version_id",
    "host_id",
    "signature_version",
    "cipher_suite",
    "authentication_type",
    "host_header",
    "tls_version",
    "access_point_arn",
    "acl_required",
    "source_region",
];

const TIME: usize = 2;
const REQUEST_ID: usize = 5;
const OPERATION: usize = 6;
const URI: usize = 8;
const REFERER: usize = 15;
const AGENT: usize = 16;
const HOST: usize = 22;
const ACCESS_POINT: usize = 24;
const REGION: usize = 26;
/// The columns that the first lines of 2006 had: fewer are none of S3's.
const FEWEST: usize = AGENT + 1;

/// Where a column's text is in its line; `-` is nothing.
pub(crate) type Span = Option<(usize, usize)>;

/// A line that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) columns: [Span; COLUMNS.len()],
    pub(crate) time: Timestamp,
}

impl Access {
    fn text<'t>(&self, line: &'t str, column: usize) -> Option<&'t str> {
        self.columns[column].map(|(start, end)| &line[start..end])
    }

    /// `REST.GET.OBJECT`
    pub(crate) fn operation<'t>(&self, line: &'t str) -> &'t str {
        self.text(line, OPERATION).unwrap_or("-")
    }

    /// A request may make several lines (the keys of a batch, a copy's two ends), and a line may come twice.
    pub(crate) fn id(&self, line: &str) -> String {
        format!("{}-{}", self.text(line, REQUEST_ID).unwrap_or("-"), ContentHash::of(line.as_bytes()))
    }

    /// The column of new lines, else what the host's name says: `bucket.s3.us-west-1.amazonaws.com`.
    pub(crate) fn region<'t>(&self, line: &'t str) -> Option<&'t str> {
        if let Some(region) = self.text(line, REGION) {
            return Some(region);
        }
        let host = self.text(line, HOST)?;
        let host = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".amazonaws.com")?;
        let (before, word) = host.rsplit_once('.').unwrap_or(("", host));
        // `s3-us-west-2` is the old form; `s3` alone is us-east-1's, or anyone's that was passed on.
        let region = word.strip_prefix("s3-").unwrap_or(word);
        let told = before.rsplit('.').next().is_some_and(|word| matches!(word, "s3" | "dualstack" | "s3-accesspoint"))
            || word.starts_with("s3-");
        (told && region.contains('-') && region.bytes().any(|letter| letter.is_ascii_digit())).then_some(region)
    }

    /// The account that an access point belongs to; a line says no other account by its number.
    pub(crate) fn account<'t>(&self, line: &'t str) -> Option<&'t str> {
        let account = self.text(line, ACCESS_POINT)?.split(':').nth(4)?;
        AccountId::parse(account).is_ok().then_some(account)
    }
}

/// Reads a line without its end.
pub(crate) fn parse(line: &str) -> Result<Access, &'static str> {
    let mut columns = [None; COLUMNS.len()];
    let mut at = 0;
    let mut count = 0;
    while count < COLUMNS.len() && at < line.len() {
        let (span, next) = match line.as_bytes()[at] {
            b'[' => bracketed(line, at)?,
            b'"' => quoted(line, at, count)?,
            _ => plain(line, at),
        };
        if span.1 > span.0 && &line[span.0..span.1] != "-" {
            columns[count] = Some(span);
        }
        at = next;
        count += 1;
    }
    if count < FEWEST {
        return Err("a line of an S3 server access log has at least 17 columns");
    }
    let time = columns[TIME].and_then(|(start, end)| time(&line[start..end]));
    let time = time.ok_or("its time is not like [06/Feb/2019:00:00:38 +0000]")?;
    Ok(Access { columns, time })
}

/// Reads the lines.
pub(crate) struct S3AccessLines {
    columns: Columns<{ COLUMNS.len() }>,
}

impl Default for S3AccessLines {
    fn default() -> Self {
        Self { columns: Columns::of(&COLUMNS) }
    }
}

impl LineLog for S3AccessLines {
    fn line(&mut self, line: &str, slots: &mut Vec<Found>, out: &mut Out<'_>) -> Verdict {
        let Some(fields) = out.asked.fields(Log::S3Access) else { return Verdict::Strange("not asked for") };
        let line = line.trim_ascii_end();
        let access = match parse(line) {
            Ok(access) => access,
            Err(_) if !looks_like(line) => return Verdict::Strange("no line of an S3 server access log"),
            Err(what) => return Verdict::Wrong(what),
        };
        self.columns.fill(fields, &access.columns, slots);
        let id = access.id(line);
        let known = Known {
            id: Some(&id),
            time: access.time,
            source: "s3.amazonaws.com",
            name: access.operation(line),
            account: access.account(line),
            region: access.region(line),
        };
        out.hand(Log::S3Access, Record::of_columns(line, fields, slots), known)
    }
}

/// Whether a line begins like one of S3's: an owner, a bucket, a time in brackets.
pub(crate) fn looks_like(line: &str) -> bool {
    let mut words = line.splitn(4, ' ');
    let owner = words.next().unwrap_or_default();
    let hex = owner.len() == 64 && owner.bytes().all(|digit| digit.is_ascii_hexdigit());
    let bucket = words.next().is_some_and(|word| !word.is_empty());
    (hex || owner == "-") && bucket && words.next().is_some_and(|word| word.starts_with('[') && word.contains('/'))
}

fn plain(line: &str, at: usize) -> ((usize, usize), usize) {
    let end = memchr::memchr(b' ', &line.as_bytes()[at..]).map_or(line.len(), |found| at + found);
    ((at, end), end + 1)
}

/// Where the next column begins.
fn behind(line: &str, end: usize) -> Result<usize, &'static str> {
    match line.as_bytes().get(end) {
        None => Ok(end),
        Some(b' ') => Ok(end + 1),
        Some(_) => Err("a blank is expected behind a bracket and a quote"),
    }
}

fn bracketed(line: &str, at: usize) -> Result<((usize, usize), usize), &'static str> {
    let close = memchr::memchr(b']', &line.as_bytes()[at..]).ok_or("a bracket is never closed")? + at;
    Ok(((at + 1, close), behind(line, close + 1)?))
}

/// A text in quotes, which may have quotes in it.
fn quoted(line: &str, at: usize, column: usize) -> Result<((usize, usize), usize), &'static str> {
    let inside = &line.as_bytes()[at + 1..];
    let end = match column {
        // A status of three digits follows, or none.
        URI => memchr::memchr_iter(b'"', inside).find(|end| status_follows(&inside[end + 1..])),
        // The user agent follows, in quotes or missing.
        REFERER => {
            let follows = |rest: &[u8]| rest.starts_with(b" \"") || rest.starts_with(b" - ") || rest == b" -";
            memchr::memchr_iter(b'"', inside).find(|end| follows(&inside[end + 1..]))
        }
        // No column behind this one has a quote.
        AGENT => memchr::memrchr(b'"', inside),
        _ => memchr::memchr_iter(b'"', inside).find(|end| matches!(inside.get(end + 1), None | Some(b' '))),
    };
    let end = at + 1 + end.ok_or("a quote is never closed")?;
    Ok(((at + 1, end), behind(line, end + 1)?))
}

fn status_follows(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix(b" ") else { return false };
    let word = rest.split(|letter| *letter == b' ').next().unwrap_or_default();
    word == b"-" || (word.len() == 3 && word.iter().all(u8::is_ascii_digit))
}

/// `06/Feb/2019:00:00:38 +0000`
fn time(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if text.len() != 26 || !text.is_ascii() {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == &text[3..6])? + 1;
    let iso =
        format!("{}-{month:02}-{}T{}{}:{}", &text[7..11], &text[..2], &text[12..20], &text[21..24], &text[24..26]);
    let marks = [(2, b'/'), (6, b'/'), (11, b':'), (20, b' ')];
    marks.iter().all(|(at, mark)| text.as_bytes()[*at] == *mark).then(|| haechi_model::event::time(&iso)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

    fn line(uri: &str, referer: &str, agent: &str, tail: &str) -> String {
        format!(
            "{OWNER} logs-bucket [06/Feb/2019:00:00:38 +0000] 192.0.2.3 - 3E57427F3 REST.GET.OBJECT a%2520b.csv {uri} 200 - 113 5 7 3 {referer} {agent}{tail}"
        )
    }

    fn check(line: &str, column: &str, expected: Option<&str>) {
        let access = parse(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let at = COLUMNS.iter().position(|name| *name == column).unwrap();
        assert_eq!(access.text(line, at), expected, "{column} of {line}");
    }

    #[test]
    fn columns_are_told_apart() {
        let tail = " - s9lzHYrFp76= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader b.s3.us-west-1.amazonaws.com TLSV1.2 arn:aws:s3:us-west-1:123456789012:accesspoint/example-AP Yes us-east-1 something new";
        let line = line("\"GET /b?x HTTP/1.1\"", "\"-\"", "\"S3Console/0.4\"", tail);
        for (column, expected) in [
            ("bucket_owner", Some(OWNER)),
            ("time", Some("06/Feb/2019:00:00:38 +0000")),
            ("requester", None),
            ("key", Some("a%2520b.csv")),
            ("request_uri", Some("GET /b?x HTTP/1.1")),
            ("http_status", Some("200")),
            ("error_code", None),
            ("referer", None),
            ("user_agent", Some("S3Console/0.4")),
            ("version_id", None),
            ("tls_version", Some("TLSV1.2")),
            ("acl_required", Some("Yes")),
            ("source_region", Some("us-east-1")),
        ] {
            check(&line, column, expected);
        }
        let access = parse(&line).unwrap();
        assert_eq!((access.region(&line), access.account(&line)), (Some("us-east-1"), Some("123456789012")));
        assert_eq!(access.time, Timestamp::parse("2019-02-06T00:00:38Z").unwrap());
    }

    #[test]
    fn quotes_of_the_requester_change_no_other_column() {
        let tail = " - hostid= SigV4 - AuthHeader b.s3.eu-west-1.amazonaws.com TLSV1.2";
        for agent in [r#""x" 200 - "y""#, r#""\" OR 1=1 --""#, "\"=cmd|'/C calc'!A0\"", "\"\u{1b}]0;x\u{7}\""] {
            let line = line(r#""GET /b/"quoted" HTTP/1.1""#, r#""http://x/"a""#, agent, tail);
            check(&line, "request_uri", Some(r#"GET /b/"quoted" HTTP/1.1"#));
            check(&line, "referer", Some(r#"http://x/"a"#));
            check(&line, "user_agent", Some(&agent[1..agent.len() - 1]));
            check(&line, "host_header", Some("b.s3.eu-west-1.amazonaws.com"));
            assert_eq!(parse(&line).unwrap().region(&line), Some("eu-west-1"));
        }
    }

    #[test]
    fn lines_that_are_none() {
        let whole = line("\"GET / HTTP/1.1\"", "\"-\"", "\"a\"", "");
        assert!(looks_like(&whole) && parse(&whole).is_ok());
        for text in [
            "",
            "a b c",
            &whole.replace("[06/Feb/2019:00:00:38 +0000]", "[06/Feb/2019:00:00:38 +0000"),
            &whole.replace("06/Feb", "06/Foo"),
            &whole.replace("HTTP/1.1\"", "HTTP/1.1"),
            &whole[..whole.len() - 1],
            &whole.replace("+0000] ", "+0000]𐢒"),
            &format!("{whole}𐢒"),
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(!looks_like("2 123456789012 eni-1 192.0.2.1 192.0.2.2 1 2 6 1 1 1 1 ACCEPT OK"));
    }

    #[test]
    fn hosts_name_regions() {
        for (host, region) in [
            ("b.s3.us-west-1.amazonaws.com", Some("us-west-1")),
            ("b.s3.dualstack.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("b.s3-ap-northeast-2.amazonaws.com", Some("ap-northeast-2")),
            ("s3-us-west-2.amazonaws.com", Some("us-west-2")),
            ("b.s3.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("b.s3.amazonaws.com", None),
            ("s3.amazonaws.com", None),
            ("www.example-1.com", None),
            ("my-bucket-1.amazonaws.com", None),
        ] {
            let line = line("\"GET / HTTP/1.1\"", "\"-\"", "\"a\"", &format!(" - h SigV4 - AuthHeader {host} TLSV1.2"));
            assert_eq!(parse(&line).unwrap().region(&line), region, "{host}");
        }
    }
}
