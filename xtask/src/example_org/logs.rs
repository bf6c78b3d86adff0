//! A month of logs of the example organization: what its people and programs do on ordinary days, and on one night an
//! attack (`attack.rs`). CloudTrail of three accounts; flow logs and Resolver queries of the shop's last days.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::attack;

/// The first day of the month of logs, as seconds since 1970: 2026-10-21. The snapshots were taken 30 days later.
const FIRST_DAY: i64 = 1_792_540_800;
const DAYS: i64 = 30;
/// The night of the attack: 2026-11-19.
pub const NIGHT: i64 = FIRST_DAY + 29 * DAY;
const DAY: i64 = 86_400;

pub const SECURITY: &str = "111122223333";
pub const SHOP: &str = "444455556666";
pub const SANDBOX: &str = "777788889999";
pub const HOME: &str = "ap-northeast-2";
/// Where the organization's people and its build servers are.
pub const OFFICE: &str = "198.51.100.20";
pub const BUILD: &str = "203.0.113.40";

/// The fixed sequence that everything comes from (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }
}

/// Who calls: a user with a key, or a session of a role.
#[derive(Clone)]
pub struct Caller {
    pub account: &'static str,
    pub identity: Value,
    pub address: &'static str,
    pub agent: &'static str,
}

pub fn user(account: &'static str, name: &str, key: &str, address: &'static str, agent: &'static str) -> Caller {
    let identity = json!({
        "type": "IAMUser", "principalId": format!("AIDA{:0<17}", name.to_uppercase().replace('-', "")),
        "arn": format!("arn:aws:iam::{account}:user/{name}"), "accountId": account, "accessKeyId": key, "userName": name,
    });
    Caller { account, identity, address, agent }
}

pub fn session(
    account: &'static str,
    role: &str,
    name: &str,
    key: &str,
    address: &'static str,
    agent: &'static str,
) -> Caller {
    let id = format!("AROA{:0<17}", role.to_uppercase().replace('-', ""));
    let identity = json!({
        "type": "AssumedRole", "principalId": format!("{id}:{name}"),
        "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"), "accountId": account, "accessKeyId": key,
        "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": id, "arn": format!("arn:aws:iam::{account}:role/{role}"),
            "accountId": account, "userName": role,
        }, "attributes": {"mfaAuthenticated": "false"}},
    });
    Caller { account, identity, address, agent }
}

/// The logs in the making.
pub struct Logs {
    pub dice: Dice,
    /// CloudTrail: by account, region and day.
    trails: BTreeMap<(String, String, i64), Vec<(i64, Value)>>,
    flows: BTreeMap<i64, Vec<(i64, String)>>,
    queries: BTreeMap<i64, Vec<(i64, Value)>>,
}

/// One call, beside who made it.
pub struct Call<'a> {
    pub at: i64,
    pub region: &'a str,
    pub service: &'a str,
    pub name: &'a str,
    pub request: Value,
    pub response: Value,
    pub error: Option<&'a str>,
}

pub fn call<'a>(at: i64, service: &'a str, name: &'a str, request: Value) -> Call<'a> {
    Call { at, region: HOME, service, name, request, response: Value::Null, error: None }
}

fn is_read(name: &str) -> bool {
    ["Get", "List", "Describe", "Head", "Lookup"].iter().any(|verb| name.starts_with(verb))
}

impl Logs {
    pub fn call(&mut self, caller: &Caller, call: Call<'_>) {
        let source = format!("{}.amazonaws.com", call.service);
        // IAM and the like are recorded in one region.
        let region = if matches!(call.service, "iam" | "organizations") { "us-east-1" } else { call.region };
        let data =
            call.service == "s3" && matches!(call.name, "GetObject" | "PutObject" | "DeleteObject" | "DeleteObjects");
        let mut event = json!({
            "eventVersion": "1.11", "userIdentity": caller.identity, "eventTime": stamp(call.at), "eventSource": source,
            "eventName": call.name, "awsRegion": region, "sourceIPAddress": caller.address, "userAgent": caller.agent,
        });
        if let Some(error) = call.error {
            event["errorCode"] = json!(error);
            event["errorMessage"] = json!(format!("not authorized to perform: {}:{}", call.service, call.name));
        }
        event["requestParameters"] = call.request;
        event["responseElements"] = call.response;
        event["eventID"] = json!(self.dice.uuid());
        event["readOnly"] = json!(is_read(call.name));
        event["eventType"] = json!(if call.name == "ConsoleLogin" { "AwsConsoleSignIn" } else { "AwsApiCall" });
        event["managementEvent"] = json!(!data);
        event["recipientAccountId"] = json!(caller.account);
        event["eventCategory"] = json!(if data { "Data" } else { "Management" });
        if call.name == "ConsoleLogin" {
            event["additionalEventData"] = json!({"MobileVersion": "No", "MFAUsed": "Yes"});
        }
        let day = (call.at - FIRST_DAY).div_euclid(DAY);
        self.trails.entry((caller.account.to_owned(), region.to_owned(), day)).or_default().push((call.at, event));
    }

    pub fn flow(&mut self, at: i64, line: String) {
        self.flows.entry((at - FIRST_DAY).div_euclid(DAY)).or_default().push((at, line));
    }

    pub fn query(&mut self, at: i64, query: Value) {
        self.queries.entry((at - FIRST_DAY).div_euclid(DAY)).or_default().push((at, query));
    }

    /// Calls of a weekday (or of every day) at about an hour, a few minutes apart.
    fn habit(&mut self, caller: &Caller, day: i64, hour: i64, calls: &[(&str, &str, Value)]) {
        let mut at = FIRST_DAY + day * DAY + hour * 3_600 + self.dice.below(1_500) as i64;
        for (service, name, request) in calls {
            let mut made = call(at, service, name, request.clone());
            if *name == "ConsoleLogin" {
                made.response = json!({"ConsoleLogin": "Success"});
            }
            self.call(caller, made);
            at += 20 + self.dice.below(200) as i64;
        }
    }

    fn ordinary_day(&mut self, day: i64) {
        // 2026-10-21 is a Wednesday.
        let workday = (day + 2) % 7 < 5;
        let cli = "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13.7";
        let browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36";
        let bucket = |name: &str| json!({"bucketName": name});
        let object = |name: &str, key: String| json!({"bucketName": name, "key": key});
        if workday {
            let deploy = user(SHOP, "ci-deploy", "AKIAIOSFODNN7CIDEPLY", BUILD, cli);
            self.habit(
                &deploy,
                day,
                2,
                &[
                    ("sts", "GetCallerIdentity", Value::Null),
                    ("s3", "PutObject", object("shop-artifacts-prod", format!("builds/{day}/order.zip"))),
                    (
                        "lambda",
                        "UpdateFunctionCode20150331v2",
                        json!({"functionName": "order-created", "publish": true}),
                    ),
                    ("lambda", "GetFunction20150331v2", json!({"functionName": "order-created"})),
                ],
            );
            let admin = user(SHOP, "ops-admin", "ASIAIOSFODNN7OPSADMI", OFFICE, browser);
            self.habit(
                &admin,
                day,
                1,
                &[
                    ("signin", "ConsoleLogin", Value::Null),
                    ("ec2", "DescribeInstances", json!({})),
                    ("rds", "DescribeDBInstances", json!({})),
                    ("logs", "DescribeLogGroups", json!({})),
                ],
            );
            let analyst = user(SHOP, "analyst", "AKIAIOSFODNN7ANALYST", OFFICE, cli);
            self.habit(
                &analyst,
                day,
                5,
                &[
                    ("s3", "ListObjects", bucket("shop-invoices")),
                    ("s3", "GetObject", object("shop-invoices", format!("2026/{day}/summary.csv"))),
                    ("athena", "StartQueryExecution", json!({"workGroup": "analysts"})),
                ],
            );
            let developer = user(SANDBOX, "dev-shared", "AKIAIOSFODNN7DEVSHRD", OFFICE, cli);
            self.habit(&developer, day, 6, &[
                ("ec2", "RunInstances", json!({"instanceType": "t3.micro", "instancesSet": {"items": [{"imageId": "ami-0a1b2c3d4e5f60718", "minCount": 1, "maxCount": 1}]}})),
                ("ec2", "DescribeInstances", json!({})),
                ("ec2", "TerminateInstances", json!({"instancesSet": {"items": [{"instanceId": "i-0e975b54437e9532b"}]}})),
            ]);
        }
        let web = session(
            SHOP,
            "web-server",
            "i-098f62f33c94077ea",
            "ASIAIOSFODNN7WEBSERV",
            "203.0.113.11",
            "aws-sdk-java/2.34.0",
        );
        let order = session(
            SHOP,
            "order-function",
            "order-created",
            "ASIAIOSFODNN7ORDERFN",
            "3.36.50.7",
            "Boto3/1.40.44 exec-env/AWS_Lambda_python3.13",
        );
        let siem = user(SECURITY, "siem-reader", "AKIAIOSFODNN7SIEMRDR", "203.0.113.50", "Boto3/1.40.44");
        for hour in [3, 15] {
            self.habit(
                &web,
                day,
                hour,
                &[
                    ("s3", "GetObject", object("shop-images", format!("banner-{}.webp", day % 7))),
                    ("ssm", "GetParametersByPath", json!({"path": "/shop/web"})),
                ],
            );
            self.habit(
                &order,
                day,
                hour + 1,
                &[
                    ("kms", "Decrypt", json!({"encryptionAlgorithm": "SYMMETRIC_DEFAULT"})),
                    ("secretsmanager", "GetSecretValue", json!({"secretId": "shop/orders-db"})),
                ],
            );
        }
        self.habit(
            &siem,
            day,
            0,
            &[("s3", "GetObject", object("example-org-trail", format!("AWSLogs/o-exampleorg1/{day}.json.gz")))],
        );
    }

    /// The shop's web server answers customers and speaks to its database and to S3.
    fn ordinary_traffic(&mut self, day: i64) {
        for minute in (0..1_440).step_by(20) {
            let at = FIRST_DAY + day * DAY + minute * 60;
            let customer = format!("198.51.100.{}", 30 + self.dice.below(200));
            let port = 30_000 + self.dice.below(30_000);
            let bytes = 2_000 + self.dice.below(9_000);
            for (from, to, sport, dport, packets, bytes) in [
                (customer.as_str(), "10.20.0.11", port, 443, 12, bytes / 4),
                ("10.20.0.11", customer.as_str(), 443, port, 14, bytes),
                ("10.20.0.11", "10.20.1.40", port, 5_432, 9, 1_400),
                ("10.20.1.40", "10.20.0.11", 5_432, port, 9, 5_200),
            ] {
                let line = flow_line(at, from, to, sport, dport, 6, packets, bytes, true);
                self.flow(at, line);
            }
            let name = [
                "s3.ap-northeast-2.amazonaws.com.",
                "orders.c1x2y3.ap-northeast-2.rds.amazonaws.com.",
                "pay.example.com.",
            ][self.dice.below(3) as usize];
            self.query(
                at,
                query(at, name, "A", "NOERROR", json!([{"Rdata": "10.20.1.40", "Type": "A", "Class": "IN"}])),
            );
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "the columns of a line")]
pub fn flow_line(
    at: i64,
    from: &str,
    to: &str,
    sport: u64,
    dport: u64,
    protocol: u8,
    packets: u64,
    bytes: u64,
    accepted: bool,
) -> String {
    let action = if accepted { "ACCEPT" } else { "REJECT" };
    format!(
        "2 {SHOP} eni-02f86258c6a966f59 {from} {to} {sport} {dport} {protocol} {packets} {bytes} {at} {} {action} OK",
        at + 59
    )
}

pub fn query(at: i64, name: &str, kind: &str, code: &str, answers: Value) -> Value {
    json!({
        "version": "1.100000", "account_id": SHOP, "region": HOME, "vpc_id": "vpc-09eae5ca2edc31505",
        "query_timestamp": stamp(at), "query_name": name, "query_type": kind, "query_class": "IN", "rcode": code,
        "answers": answers, "srcaddr": "10.20.0.11", "srcport": "41733", "transport": "UDP",
        "srcids": {"instance": "i-098f62f33c94077ea"},
    })
}

pub fn stamp(at: i64) -> String {
    let (days, seconds) = (at.div_euclid(DAY), at.rem_euclid(DAY));
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// The date of a day since 1970.
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Writes the logs under `folder`, named and laid out as AWS does it, a file a day.
pub fn write(folder: &Path) -> Result<usize> {
    let mut logs = Logs {
        dice: Dice(0x4861_6563_6869),
        trails: BTreeMap::new(),
        flows: BTreeMap::new(),
        queries: BTreeMap::new(),
    };
    for day in 0..DAYS {
        logs.ordinary_day(day);
    }
    for day in DAYS - 3..DAYS {
        logs.ordinary_traffic(day);
    }
    attack::happen(&mut logs);
    let mut bytes = 0;
    for ((account, region, day), mut events) in std::mem::take(&mut logs.trails) {
        events.sort_by_key(|(at, _)| *at);
        let records: Vec<Value> = events.into_iter().map(|(_, event)| event).collect();
        let name = format!("{account}_CloudTrail_{region}_{}T2359Z", compact(day));
        let tail = format!("{:016x}", logs.dice.next());
        let path = format!("AWSLogs/{account}/CloudTrail/{region}/{}/{name}_{tail}.json.gz", slashed(day));
        bytes += packed(folder, &path, json!({"Records": records}).to_string().as_bytes())?;
    }
    for (day, mut lines) in std::mem::take(&mut logs.flows) {
        lines.sort();
        let head = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
        let text: Vec<&str> = std::iter::once(head).chain(lines.iter().map(|(_, line)| line.as_str())).collect();
        let path = format!(
            "AWSLogs/{SHOP}/vpcflowlogs/{HOME}/{}/{SHOP}_vpcflowlogs_{HOME}_fl-01d428c96a16b6b76_{}T2355Z_{:08x}.log.gz",
            slashed(day),
            compact(day),
            logs.dice.next() >> 32
        );
        bytes += packed(folder, &path, (text.join("\n") + "\n").as_bytes())?;
    }
    for (day, mut lines) in std::mem::take(&mut logs.queries) {
        lines.sort_by_key(|(at, _)| *at);
        let text: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
        let path = format!(
            "AWSLogs/{SHOP}/vpcdnsquerylogs/vpc-09eae5ca2edc31505/{}/vpc-09eae5ca2edc31505_vpcdnsquerylogs_{SHOP}_{}T2355Z_{:08x}.log.gz",
            slashed(day),
            compact(day),
            logs.dice.next() >> 32
        );
        bytes += packed(folder, &path, text.as_bytes())?;
    }
    Ok(bytes)
}

fn slashed(day: i64) -> String {
    let (year, month, day) = date((FIRST_DAY / DAY) + day);
    format!("{year:04}/{month:02}/{day:02}")
}

fn compact(day: i64) -> String {
    slashed(day).replace('/', "")
}

fn packed(folder: &Path, path: &str, text: &[u8]) -> Result<usize> {
    let path = folder.join(path);
    let parent = path.parent().context("the path has a folder")?;
    std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    let mut gzip = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::best());
    gzip.write_all(text)?;
    let packed = gzip.finish()?;
    std::fs::write(&path, &packed).with_context(|| path.display().to_string())?;
    Ok(packed.len())
}
