//! Aurora MySQL's advanced audit log, and the audit log of RDS for MySQL and MariaDB (MariaDB's audit plugin).
//!
//! `time,server,user,host,connection,query,operation,database,object,code`. Names come from whoever connects and
//! may have commas in them: a line that can be read in two ways is named, and never believed.

use haechi_model::Timestamp;

use super::{Line, Login, Outcome, without_port};

/// Operations of the audit plugin, those of connections first.
const OPERATIONS: [&str; 14] = [
    "CONNECT",
    "FAILED_CONNECT",
    "CHANGEUSER",
    "DISCONNECT",
    "QUERY",
    "QUERY_DDL",
    "QUERY_DML",
    "QUERY_DML_NO_SELECT",
    "QUERY_DCL",
    "READ",
    "WRITE",
    "CREATE",
    "ALTER",
    "RENAME",
];
/// The first so many are about connections.
const CONNECTIONS: usize = 4;

/// Whether a line begins like an audit log's.
pub(crate) fn looks_like(line: &str) -> bool {
    let fields: Vec<&str> = line.splitn(8, ',').collect();
    fields.len() == 8 && time(fields[0]).is_some() && number(fields[4]) && number(fields[5]) && upper(fields[6])
}

fn number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|digit| digit.is_ascii_digit())
}

fn upper(text: &str) -> bool {
    (4..=24).contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_uppercase() || letter == b'_')
}

/// Microseconds since 1970 (Aurora), or `20260302 09:00:00` in UTC (the plugin).
fn time(text: &str) -> Option<Timestamp> {
    if number(text) && text.len() == 16 {
        return Some(Timestamp::from_micros(text.parse().ok()?));
    }
    let digits = text.len() == 17 && text.is_ascii() && text.as_bytes()[8] == b' ';
    if !digits {
        return None;
    }
    let iso = format!("{}-{}-{}T{}Z", &text[..4], &text[4..6], &text[6..8], &text[9..]);
    haechi_model::event::time(&iso)
}

pub(crate) fn parse(line: &str) -> Line<'_> {
    let fields: Vec<&str> = line.split(',').collect();
    let Some(time) = fields.first().and_then(|text| time(text)) else {
        return Line::Wrong("its first column is not the time of an audit log");
    };
    // The operation stands behind two numbers; four columns or more stand before them, three or more behind it.
    let fits = |at: &usize| number(fields[at - 1]) && number(fields[at - 2]) && OPERATIONS.contains(&fields[*at]);
    let mut found = (6..fields.len().saturating_sub(3)).filter(fits);
    let Some(at) = found.next() else {
        let known = fields.len() >= 8 && number(fields[4]) && upper(fields[6]);
        // DROP, PROXY_CONNECT, and what later versions write.
        return if known { Line::Other } else { Line::Wrong("a line of an audit log has ten columns") };
    };
    if !OPERATIONS[..CONNECTIONS].contains(&fields[at]) {
        return Line::Other;
    }
    if found.next().is_some() {
        return Line::Wrong("a name with commas in it: the line can be read in two ways");
    }
    if fields[at] == "DISCONNECT" {
        return Line::Other;
    }
    login(line, &fields, at, time)
}

fn login<'t>(line: &'t str, fields: &[&'t str], at: usize, time: Timestamp) -> Line<'t> {
    let last = fields.len() - 1;
    let code = fields[last].trim_end();
    if !number(code) {
        return Line::Wrong("its last column is no return code");
    }
    // Commas may be in the user's name and in the database's: these reach to the columns that cannot have any.
    let between = |from: usize, to: usize| {
        let start = fields[from].as_ptr() as usize - line.as_ptr() as usize;
        let end = fields[to].as_ptr() as usize - line.as_ptr() as usize + fields[to].len();
        &line[start..end]
    };
    let user = between(2, at - 4);
    let operation = fields[at];
    let failed = operation == "FAILED_CONNECT" || code != "0";
    let outcome = match (failed, user.is_empty()) {
        (true, true) => Outcome::Probe,
        (true, false) => Outcome::Failure,
        (false, _) => Outcome::Success,
    };
    Line::Login(Login {
        time,
        engine: "mysql",
        instance: fields[1],
        database: between(at + 1, last - 2),
        user,
        address: without_port(fields[at - 3]),
        application: "",
        outcome,
        operation,
        error: if code == "0" { "" } else { code },
        connection: fields[at - 2],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<[&str; 6]>) {
        match (parse(line), expected) {
            (Line::Login(login), Some([user, address, database, outcome, operation, instance])) => {
                assert_eq!((login.user, login.address, login.database), (user, address, database), "{line}");
                assert_eq!(
                    (login.outcome.as_str(), login.operation, login.instance),
                    (outcome, operation, instance),
                    "{line}"
                );
            }
            (Line::Other, None) => {}
            (other, _) => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn logins_are_read() {
        check(
            "1772442000123456,aurora-1,admin,198.51.100.7,35,0,CONNECT,app,,0",
            Some(["admin", "198.51.100.7", "app", "success", "CONNECT", "aurora-1"]),
        );
        check(
            "1772442000123456,aurora-1,admin,198.51.100.7,35,0,FAILED_CONNECT,,,1045",
            Some(["admin", "198.51.100.7", "", "failure", "FAILED_CONNECT", "aurora-1"]),
        );
        check(
            "20260302 09:00:00,ip-10-0-1-2,root,2001:db8::7,12,0,FAILED_CONNECT,,,1045",
            Some(["root", "2001:db8::7", "", "failure", "FAILED_CONNECT", "ip-10-0-1-2"]),
        );
        check(
            "20260302 09:00:00,h,root,192.0.2.7:4021,12,0,CONNECT,,,0",
            Some(["root", "192.0.2.7", "", "success", "CONNECT", "h"]),
        );
        check(
            "20260302 09:00:00,h,,192.0.2.7,12,0,FAILED_CONNECT,,,1043",
            Some(["", "192.0.2.7", "", "probe", "FAILED_CONNECT", "h"]),
        );
        check("1772442000123456,a,admin,198.51.100.7,35,9,QUERY,app,'select 1, 2',0", None);
        check("1772442000123456,a,admin,198.51.100.7,35,9,WRITE,app,table,0", None);
        check("1772442000123456,a,admin,198.51.100.7,35,0,DISCONNECT,app,,0", None);
    }

    #[test]
    fn names_may_have_commas() {
        check(
            "1772442000123456,a,ad,min,198.51.100.7,35,0,FAILED_CONNECT,d,b,,1045",
            Some(["ad,min", "198.51.100.7", "d,b", "failure", "FAILED_CONNECT", "a"]),
        );
        let forged = "1772442000123456,a,x,192.0.2.1,1,0,CONNECT,y,198.51.100.7,35,0,FAILED_CONNECT,,,1045";
        assert!(matches!(parse(forged), Line::Wrong(what) if what.contains("two ways")));
    }

    #[test]
    fn lines_that_are_none() {
        for line in
            ["", "a,b", "1772442000123456", "1772442000123456,a,b,c,d,e,CONNECT,,,0", "17,a,b,c,1,1,CONNECT,,,0"]
        {
            assert!(matches!(parse(line), Line::Wrong(_)), "{line}");
            assert!(!looks_like(line), "{line}");
        }
        assert!(matches!(parse("1772442000123456,a,b,c,1,0,CONNECT,,,=1+1"), Line::Wrong(_)));
        assert!(looks_like("20260302 09:00:00,h,root,192.0.2.7,12,0,CONNECT,,,0"));
    }
}
