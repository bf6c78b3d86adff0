//! How a name looks: made up by a machine, or carrying data.

use super::bigrams::BITS;

/// Classes of letters: a to z, a digit, and both ends.
pub(crate) const CLASSES: usize = 28;

/// The class of a letter; a hyphen is an end.
pub(crate) fn class(letter: u8) -> usize {
    match letter {
        b'a'..=b'z' => usize::from(letter - b'a'),
        b'A'..=b'Z' => usize::from(letter - b'A'),
        b'0'..=b'9' => 26,
        _ => 27,
    }
}

/// Shorter labels do not tell.
const SHORT: usize = 8;
/// Bits a pair of letters takes, on average, from which on a label is no word of people. Words and names of products
/// take 4 to 5.5, letters by chance 6.5 and more: see the test.
const STRANGE: f64 = 6.1;

/// Bits that a pair of letters takes on average, by the pairs of English and of AWS's own names.
pub(crate) fn strangeness(label: &str) -> f64 {
    let mut last = 27;
    let mut bits = 0_u32;
    for letter in label.bytes().chain([b'.']) {
        let class = class(letter);
        bits += u32::from(BITS[last * CLASSES + class]);
        last = class;
    }
    // The table is in eighths of a bit.
    f64::from(bits) / 8.0 / (label.len() + 1) as f64
}

/// A label that looks as if a machine made it up.
pub(crate) fn is_generated(label: &str) -> bool {
    // Of other scripts, letters say nothing; of numbers neither.
    let plain =
        label.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-') && !label.starts_with("xn--");
    let letters = label.bytes().filter(u8::is_ascii_alphabetic).count();
    plain && label.len() >= SHORT && letters * 2 >= label.len() && strangeness(label) >= STRANGE
}

/// Bytes of a name's part that can carry data, when it looks as if it did: long, and of hexadecimal, base32 or base64
/// letters without order.
pub(crate) fn payload(below: &str) -> Option<usize> {
    let longest = below.split('.').map(str::len).max().unwrap_or_default();
    let data = below.bytes().filter(|byte| *byte != b'.').count();
    if longest < 20 || data < 28 {
        return None;
    }
    let mut counts = [0_u32; 64];
    for byte in below.bytes().filter(|byte| *byte != b'.') {
        let class = match byte {
            b'0'..=b'9' => 26 + usize::from(byte - b'0'),
            b'a'..=b'z' | b'A'..=b'Z' => class(byte),
            _ => 36,
        };
        counts[class] += 1;
    }
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / data as f64;
            -share * share.log2()
        })
        .sum();
    let digits: u32 = counts[26..36].iter().sum();
    // Words have little entropy and no digits in their midst; a UUID alone has 32 of them and its hyphens.
    let mixed = digits * 8 >= data as u32 || strangeness(below) >= STRANGE;
    (entropy >= 3.0 && mixed).then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that are met every day: of people, companies, clouds and their networks of delivery.
    const ORDINARY: [&str; 96] = [
        "amazonaws",
        "amazontrust",
        "cloudfront",
        "googleapis",
        "googleusercontent",
        "googletagmanager",
        "gstatic",
        "facebook",
        "microsoft",
        "windowsupdate",
        "microsoftonline",
        "sharepoint",
        "office365",
        "akamaiedge",
        "akamaihd",
        "akamaitechnologies",
        "edgesuite",
        "edgekey",
        "fastlylb",
        "cloudflare",
        "cloudflareinsights",
        "digicert",
        "letsencrypt",
        "globalsign",
        "verisign",
        "sectigo",
        "debian",
        "ubuntu",
        "fedoraproject",
        "centosproject",
        "archlinux",
        "alpinelinux",
        "rubygems",
        "npmjs",
        "pythonhosted",
        "packagecloud",
        "dockerhub",
        "docker",
        "kubernetes",
        "githubusercontent",
        "githubassets",
        "bitbucket",
        "atlassian",
        "stackoverflow",
        "newrelic",
        "datadoghq",
        "splunkcloud",
        "pagerduty",
        "sendgrid",
        "mailchimp",
        "salesforce",
        "zendesk",
        "hubspot",
        "intercom",
        "segment",
        "mixpanel",
        "optimizely",
        "crashlytics",
        "appsflyer",
        "doubleclick",
        "adservice",
        "wikipedia",
        "wikimedia",
        "duckduckgo",
        "instagram",
        "whatsapp",
        "linkedin",
        "pinterest",
        "spotify",
        "netflix",
        "nflxvideo",
        "twitter",
        "snapchat",
        "tiktokcdn",
        "bytedance",
        "alibabacloud",
        "tencent",
        "baidustatic",
        "naver",
        "kakaocorp",
        "rakuten",
        "mercari",
        "yahooapis",
        "oraclecloud",
        "vmware",
        "redhat",
        "elasticsearch",
        "mongodb",
        "snowflakecomputing",
        "databricks",
        "cloudinary",
        "shopifycdn",
        "squarespace",
        "wordpress",
        "godaddy",
        "protonmail",
    ];

    /// Of families of malware, made by their published algorithms' shapes: letters by chance, with and without digits.
    const GENERATED: [&str; 24] = [
        "xjwqzkvhbtpl",
        "qmzxvkwjhd",
        "vfqkzrtwpxbn",
        "kqxzvjwtbhgm",
        "wqplzxkvjtrh",
        "zvhqkxwbntpj",
        "bhxqzjvwktmp",
        "hjkqwxzvbntr",
        "tqzkxvwhjpbm",
        "pzqxkjvwthbn",
        "mxqzvkhwjtbp",
        "nvzqxkwjhtbp",
        "jxqvzkwhtpbm",
        "gqzxvkjwhtbn",
        "rxqzkvjwhtbp",
        "x7k2q9zv4wjt",
        "q8z3xk7vw2hj",
        "b4xq9zk2vj7w",
        "lqvzxkjhwtbn",
        "cxqzkvwjhtbp",
        "dqxzvkwhjtbp",
        "fvqzxkjwhtpb",
        "sxqzvkwjhtbn",
        "yqxzkvjwhtbp",
    ];

    #[test]
    fn ordinary_names_are_not_made_up() {
        let wrong: Vec<_> = ORDINARY.iter().filter(|label| is_generated(label)).collect();
        // A few are as strange; a threat needs many of them that do not exist.
        assert!(wrong.len() * 30 <= ORDINARY.len(), "{wrong:?}");
    }

    #[test]
    fn made_up_names_are() {
        let missed: Vec<_> = GENERATED.iter().filter(|label| !is_generated(label)).collect();
        assert!(missed.is_empty(), "{missed:?}");
    }

    /// Letters by chance, as most families draw them.
    #[test]
    fn most_names_by_chance_are_told() {
        let mut state = 1_u64;
        let mut letter = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'a' + ((state >> 33) % 26) as u8)
        };
        let names: Vec<String> = (0..2000).map(|_| (0..14).map(|_| letter()).collect()).collect();
        let told = names.iter().filter(|name| is_generated(name)).count();
        assert!(told >= 1500, "{told} of 2000");
    }

    #[test]
    fn names_that_carry_data() {
        for below in [
            "4a6f686e20446f652c343131312d313131312d31313131.0001",
            "nbswy3dpeb3w64tmmqqho2dfojsxg5dfojsq.orugs4zanfzsa43pnvsxi2djnztq",
            "aGVsbG8gd29ybGQgdGhpcyBpcyBkYXRh.c2VjcmV0cw",
        ] {
            assert!(payload(below).is_some(), "{below}");
        }
        for below in [
            "www",
            "eu-west-1.console",
            "my-internal-application-load-balancer-production",
            "this-is-a-rather-long-name-of-a-service.namespace.svc.cluster",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "",
        ] {
            assert_eq!(payload(below), None, "{below}");
        }
    }
}
