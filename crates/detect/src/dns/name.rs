//! Domain names: which part somebody registered, and what stands before it.

/// Names of many owners: what is registered stands before them. A small part of the public suffix list, of the
/// suffixes that are met most, and of providers below whose names each customer has one.
const SUFFIXES: [&str; 42] = [
    "azurewebsites.net",
    "blob.core.windows.net",
    "blogspot.com",
    "cloudapp.azure.com",
    "cloudfront.net",
    "ddns.net",
    "duckdns.org",
    "dyndns.org",
    "elasticbeanstalk.com",
    "elb.amazonaws.com",
    "fastly.net",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "hopto.org",
    "kozow.com",
    "lambda-url.on.aws",
    "myftp.org",
    "mywire.org",
    "netlify.app",
    "ngrok.io",
    "ngrok-free.app",
    "no-ip.org",
    "no-ip.biz",
    "onrender.com",
    "pages.dev",
    "readthedocs.io",
    "s3.amazonaws.com",
    "serveo.net",
    "servehttp.com",
    "sytes.net",
    "trafficmanager.net",
    "trycloudflare.com",
    "vercel.app",
    "web.app",
    "workers.dev",
    "zapto.org",
    "appspot.com",
    "azureedge.net",
    "execute-api.amazonaws.com",
];

/// Second labels below which names of a country are registered: `co.uk`, `or.jp`, `com.br`.
const SECOND: [&str; 22] = [
    "ac", "ad", "co", "com", "ed", "edu", "ens", "gob", "gov", "gouv", "go", "gr", "id", "lg", "mil", "ne", "net",
    "nom", "or", "org", "re", "sch",
];

/// A name in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name<'n> {
    /// What stands before the registered domain; may be empty.
    pub(crate) below: &'n str,
    /// `example.co.uk` of `a.b.example.co.uk`.
    pub(crate) registered: &'n str,
}

impl<'n> Name<'n> {
    /// None of names with one label, and of suffixes.
    pub(crate) fn of(name: &'n str) -> Option<Self> {
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.is_empty() || name.len() > 253 || name.split('.').any(|label| label.is_empty()) {
            return None;
        }
        let suffix = suffix(name);
        let before = name.get(..name.len().checked_sub(suffix + 1)?)?;
        let start = before.rfind('.').map_or(0, |dot| dot + 1);
        Some(Self { below: name.get(..start.saturating_sub(1))?, registered: &name[start..] })
    }

    /// The registered name's own label.
    pub(crate) fn label(&self) -> &'n str {
        self.registered.split('.').next().unwrap_or_default()
    }

    /// The name is this one, or below it.
    pub(crate) fn is_below(&self, above: &str) -> bool {
        let whole = self.registered;
        whole.eq_ignore_ascii_case(above)
            || whole.len() > above.len()
                && whole.as_bytes()[whole.len() - above.len() - 1] == b'.'
                && whole[whole.len() - above.len()..].eq_ignore_ascii_case(above)
    }
}

/// How many bytes of the end are the suffix below which names are registered.
fn suffix(name: &str) -> usize {
    let ends = |end: &&&str| {
        name.len() > end.len()
            && name.as_bytes()[name.len() - end.len() - 1] == b'.'
            && name.get(name.len() - end.len()..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    if let Some(known) = SUFFIXES.iter().filter(ends).max_by_key(|end| end.len()) {
        return known.len();
    }
    let mut labels = name.rsplit('.');
    let top = labels.next().unwrap_or_default();
    match labels.next() {
        Some(second) if top.len() == 2 && SECOND.iter().any(|known| known.eq_ignore_ascii_case(second)) => {
            top.len() + 1 + second.len()
        }
        _ => top.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<(&str, &str)>) {
        assert_eq!(Name::of(name).map(|name| (name.below, name.registered)), expected, "{name}");
    }

    #[test]
    fn what_is_registered() {
        check("example.com.", Some(("", "example.com")));
        check("a.b.example.com", Some(("a.b", "example.com")));
        check("www.example.co.uk", Some(("www", "example.co.uk")));
        check("www.example.or.jp", Some(("www", "example.or.jp")));
        check("data.evil.duckdns.org", Some(("data", "evil.duckdns.org")));
        check("x.my-bucket.s3.amazonaws.com", Some(("x", "my-bucket.s3.amazonaws.com")));
        check("co.uk", None);
        check("localhost", None);
        check("a..b", None);
        check(".", None);
        check("", None);
        check(&"é.".repeat(20), Some(("é.".repeat(18).trim_end_matches('.'), "é.é")));
    }

    #[test]
    fn above_and_below() {
        let name = Name::of("x.mail.example.com").unwrap();
        assert!(name.is_below("example.com") && name.is_below("com") && !name.is_below("ample.com"));
    }
}
