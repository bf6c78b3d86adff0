//! PostgreSQL's log as RDS writes it: `time:address(port):user@database:[process]:LEVEL:  message`.
//!
//! RDS lets the prefix be longer (`...:[%p]:%l:%e:%s:%v:%x:%c:%q%a`): what stands between the process and the level
//! is passed over. Names in the prefix come from whoever connects, also before any password was asked for.

use haechi_model::Timestamp;

use super::{Line, Login, Outcome, without_port};

const LEVELS: [&str; 12] = [
    "LOG:  ",
    "FATAL:  ",
    "ERROR:  ",
    "WARNING:  ",
    "NOTICE:  ",
    "INFO:  ",
    "PANIC:  ",
    "DETAIL:  ",
    "HINT:  ",
    "STATEMENT:  ",
    "CONTEXT:  ",
    "DEBUG",
];

/// Messages of the start of a session in which nobody tried to log in.
const PROBES: [&str; 5] = [
    "incomplete startup packet",
    "invalid length of startup packet",
    "unsupported frontend protocol",
    "could not accept SSL connection",
    "received direct SSL connection request without ALPN",
];

/// The parts of a line.
struct Parts<'t> {
    time: &'t str,
    remote: &'t str,
    /// `user@database`
    who: &'t str,
    process: &'t str,
    level: &'t str,
    message: &'t str,
}

/// Whether a line begins like PostgreSQL's of RDS.
pub(crate) fn looks_like(line: &str) -> bool {
    parts(line).is_some_and(|parts| time(parts.time).is_some())
}

fn parts(line: &str) -> Option<Parts<'_>> {
    // The time ends with a zone's name: `2026-03-02 09:00:00.123 UTC:`.
    let (time, zoned) = line.get(19..)?.split_once(' ').map(|(fraction, rest)| (19 + fraction.len(), rest))?;
    let (zone, rest) = zoned.split_once(':')?;
    if zone.is_empty() || zone.len() > 8 || line.len() < time {
        return None;
    }
    let time = &line[..time + 1 + zone.len()];
    let process_at = rest.match_indices(":[").find(|(at, _)| {
        let behind = &rest[at + 2..];
        behind.split_once("]:").is_some_and(|(digits, _)| number(digits))
    })?;
    let (before, behind) = (&rest[..process_at.0], &rest[process_at.0 + 2..]);
    let (process, behind) = behind.split_once("]:")?;
    let (level, message) = leveled(behind)?;
    // The address and the user: an IPv6 address has colons, and so may a user's name; the port's bracket ends the address.
    let (remote, who) = match before.split_once("):") {
        Some((remote, who)) if remote.contains('(') && !remote.contains('@') => (remote, who),
        _ => before.split_once(':').unwrap_or(("", before)),
    };
    Some(Parts { time, remote, who, process, level, message })
}

fn number(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// The first level in the text, and the message behind it.
fn leveled(text: &str) -> Option<(&str, &str)> {
    let found = LEVELS.iter().filter_map(|level| text.find(level).map(|at| (at, *level)));
    let (at, level) = found.min()?;
    Some((level.trim_end_matches([' ', ':']), &text[at + level.len()..]))
}

/// A time in UTC; RDS has no other.
fn time(text: &str) -> Option<Timestamp> {
    let (time, zone) = text.rsplit_once(' ')?;
    let (date, clock) = time.split_once(' ')?;
    if !matches!(zone, "UTC" | "GMT") {
        return None;
    }
    haechi_model::event::time(&format!("{date}T{clock}Z"))
}

/// Reads a line; the instance is told by the file, not by the line.
pub(crate) fn parse<'t>(line: &'t str, instance: &'t str) -> Line<'t> {
    // Further lines of a message begin with a tab.
    if line.starts_with(['\t', ' ']) || line.is_empty() {
        return Line::Other;
    }
    let Some(parts) = parts(line) else {
        return Line::Wrong("no line of PostgreSQL's log with the prefix that RDS gives it");
    };
    let Some(time) = time(parts.time) else { return Line::Wrong("its time is not a date and time in UTC") };
    let Some((outcome, operation)) = judged(parts.level, parts.message) else { return Line::Other };
    // A name with a whole prefix in it: the line says two things.
    if forged(parts.message) {
        return Line::Wrong("a name with a log line in it: the line can be read in two ways");
    }
    let (user, database) = parts.who.rsplit_once('@').unwrap_or((parts.who, ""));
    let said = |name| member(parts.message, name);
    let known = |text: &'t str| if text == "[unknown]" { "" } else { text };
    Line::Login(Login {
        time,
        engine: "postgres",
        instance,
        database: said("database=").unwrap_or(known(database)),
        user: said("user=").unwrap_or(known(user)),
        address: without_port(parts.remote),
        application: said("application_name=").unwrap_or_default(),
        outcome,
        operation,
        error: if outcome == Outcome::Success { "" } else { parts.message },
        connection: parts.process,
    })
}

/// What a message says of a login, in PostgreSQL's own words.
fn judged<'t>(level: &str, message: &'t str) -> Option<(Outcome, &'t str)> {
    let word = |text: &'static str| message.starts_with(text).then(|| &message[..text.len()]);
    if level == "LOG"
        && let Some(operation) = word("connection authorized")
    {
        return Some((Outcome::Success, operation));
    }
    if let Some(probe) = PROBES.iter().find(|probe| message.starts_with(**probe)) {
        return Some((Outcome::Probe, &message[..probe.len()]));
    }
    if level != "FATAL" {
        return None;
    }
    // `password authentication failed for user`, and the same of PAM (IAM), GSSAPI, LDAP, certificates.
    const FAILED: &str = "authentication failed for user";
    if let Some(at) = message.find(FAILED).filter(|at| *at < 40) {
        return Some((Outcome::Failure, &message[..at + FAILED.len()]));
    }
    let refused =
        ["no pg_hba.conf entry", "pg_hba.conf rejects connection", "connection requires a valid client certificate"];
    if let Some(operation) = refused.into_iter().find_map(word) {
        return Some((Outcome::Failure, operation));
    }
    let of_role = message.starts_with("role \"")
        && (message.ends_with("does not exist") || message.ends_with("is not permitted to log in"));
    of_role.then_some((Outcome::Failure, "role"))
}

/// A second prefix within the message.
fn forged(message: &str) -> bool {
    message.match_indices("]:").any(|(at, _)| {
        let digits = message[..at].rsplit('[').next().unwrap_or_default();
        number(digits) && leveled(&message[at..]).is_some()
    })
}

/// `user=alice database=app`: a member's value, up to the next blank.
fn member<'t>(message: &'t str, name: &str) -> Option<&'t str> {
    let found = message.match_indices(name).find(|(at, _)| *at > 0 && message.as_bytes()[at - 1] == b' ')?;
    let value = &message[found.0 + name.len()..];
    // An application's name may have blanks in it; what follows it is said in a fixed form.
    let end = match name {
        "application_name=" => value.find(" SSL ").or_else(|| value.find(" GSS ")).unwrap_or(value.len()),
        _ => value.find(' ').unwrap_or(value.len()),
    };
    Some(&value[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(line: &str) -> Login<'_> {
        match parse(line, "db-1") {
            Line::Login(login) => login,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn check(line: &str, expected: [&str; 5]) {
        let login = login(line);
        let read = [login.user, login.database, login.address, login.application, login.outcome.as_str()];
        assert_eq!(read, expected, "{line}");
    }

    #[test]
    fn logins_are_read() {
        check(
            "2026-03-02 09:00:00 UTC:198.51.100.7(51234):admin@app:[12345]:LOG:  connection authorized: user=admin database=app application_name=psql SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)",
            ["admin", "app", "198.51.100.7", "psql", "success"],
        );
        check(
            "2026-03-02 09:00:00 UTC:2001:db8::7(51234):admin@app:[12345]:FATAL:  password authentication failed for user \"admin\"",
            ["admin", "app", "2001:db8::7", "", "failure"],
        );
        check(
            "2026-03-02 09:00:00.123 UTC:198.51.100.7(51234):iam@corp@app:[12345]:1:28000:2026-03-02 09:00:00 UTC:3/12:0:65e2:psql:FATAL:  PAM authentication failed for user \"iam@corp\"",
            ["iam@corp", "app", "198.51.100.7", "", "failure"],
        );
        check(
            "2026-03-02 09:00:00 UTC:198.51.100.7(51234):[unknown]@[unknown]:[12345]:LOG:  incomplete startup packet",
            ["", "", "198.51.100.7", "", "probe"],
        );
        check(
            "2026-03-02 09:00:00 UTC:198.51.100.7(51234):a@b:[12345]:FATAL:  no pg_hba.conf entry for host \"198.51.100.7\", user \"a\", database \"b\", no encryption",
            ["a", "b", "198.51.100.7", "", "failure"],
        );
    }

    #[test]
    fn other_lines_are_passed_over() {
        for line in [
            "2026-03-02 09:00:00 UTC:198.51.100.7(51234):[unknown]@[unknown]:[12345]:LOG:  connection received: host=198.51.100.7 port=51234",
            "2026-03-02 09:00:00 UTC:198.51.100.7(51234):a@b:[12345]:LOG:  connection authenticated: identity=\"a\" method=scram-sha-256",
            "2026-03-02 09:00:00 UTC::@:[388]:LOG:  checkpoint starting: time",
            "2026-03-02 09:00:00 UTC:198.51.100.7(51234):a@b:[12345]:LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,\"select 1\",<not logged>",
            "2026-03-02 09:00:00 UTC:198.51.100.7(51234):a@b:[12345]:ERROR:  relation \"password authentication failed for user\" does not exist",
            "2026-03-02 09:00:00 UTC:198.51.100.7(51234):a@b:[12345]:DETAIL:  Role \"admin\" does not exist.",
            "\tselect 'FATAL:  password authentication failed for user'",
            "",
        ] {
            assert_eq!(parse(line, "db-1"), Line::Other, "{line}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not_believed() {
        // A user's name with a line end in it makes a second line, which the true message follows.
        let second = "2026-03-02 09:00:00 UTC:192.0.2.1(5):a@b:[1]:LOG:  connection authorized: user=a:[12345]:FATAL:  password authentication failed for user \"x\"";
        assert!(matches!(parse(second, ""), Line::Wrong(what) if what.contains("two ways")), "{:?}", parse(second, ""));
    }

    #[test]
    fn lines_that_are_none() {
        for line in [
            "x",
            "2026-03-02 09:00:00 CET:198.51.100.7(5):a@b:[1]:LOG:  connection authorized: user=a",
            "2026-13-02 09:00:00 UTC:198.51.100.7(5):a@b:[1]:LOG:  connection authorized: user=a",
            "2026-03-02 09:00:00 UTC [1] LOG:  connection authorized: user=a",
            "２０２６-03-02 09:00:00 UTC:198.51.100.7(5):a@b:[1]:LOG:  x",
        ] {
            assert!(matches!(parse(line, ""), Line::Wrong(_)), "{line}");
            assert!(!looks_like(line), "{line}");
        }
    }
}
