//! Collecting: 2,000 and 20,000 resources from a server on loopback that answers from memory, by Haechi's collector and
//! by botocore making the same calls. CPU and peak memory of each, in a process of its own.
//!
//! `HAECHI_PYTHON=python-with-botocore cargo run --release -p haechi-benches --bin bench-collect`
//! Nine tenths are volumes and security groups, listed in pages of 500 (XML); one tenth are keys, each of which takes
//! two more calls (JSON). Haechi makes the configuration items; botocore only reads the answers.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use haechi_aws::{Builder, Credentials};
use haechi_inventory::{Collectors, Plan, Sink, SinkError, Stop, Target, collect};
use haechi_model::{AccountId, ConfigurationItem, Coverage, Partition, Region, ResourceType, Timestamp};

const PAGE: usize = 500;
const KEY_PAGE: usize = 100;
const TYPES: [&str; 3] = ["AWS::EC2::Volume", "AWS::EC2::SecurityGroup", "AWS::KMS::Key"];

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", resources] => serve(resources.parse()?),
        ["haechi", endpoint] => tokio::runtime::Runtime::new()?.block_on(haechi(endpoint)),
        [] => compare(),
        _ => Err(anyhow!("usage: bench-collect")),
    }
}

fn compare() -> Result<()> {
    let own = std::env::current_exe()?;
    for resources in [2_000, 20_000] {
        println!("{resources} resources");
        let mut server = Command::new(&own)
            .args(["serve", &resources.to_string()])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .context("the server")?;
        let mut line = String::new();
        BufReader::new(server.stdout.take().context("its output")?).read_line(&mut line)?;
        let endpoint = line.trim().to_owned();
        let run = || -> Result<()> {
            for _ in 0..3 {
                Command::new(&own).args(["haechi", &endpoint]).status()?;
            }
            match std::env::var_os("HAECHI_PYTHON") {
                Some(python) => {
                    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/botocore_collect.py");
                    for _ in 0..3 {
                        Command::new(&python).args([script, &endpoint]).status()?;
                    }
                }
                None => println!("botocore: skipped, HAECHI_PYTHON is not set"),
            }
            Ok(())
        };
        let ran = run();
        server.kill()?;
        server.wait()?;
        ran?;
    }
    Ok(())
}

#[derive(Default)]
struct Counting {
    items: usize,
    incomplete: usize,
}

impl Sink for Counting {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        self.items += batch.len();
        Ok(())
    }

    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        self.incomplete += usize::from(!line.is_complete());
        Ok(())
    }
}

async fn haechi(endpoint: &str) -> Result<()> {
    let collectors = Collectors::embedded()?;
    let (before, started) = (cpu()?, Instant::now());
    let credentials = Credentials::new("testing", "testing", None, None, "bench");
    let client = Builder::default().endpoint_url(endpoint).region("us-east-1").credentials(credentials).build().await;
    let target = Target {
        api: Arc::new(client.clone()),
        account: AccountId::parse("123456789012").map_err(|error| anyhow!("{error}"))?,
        partition: Partition::aws(),
        regions: vec![Region::parse("us-east-1").map_err(|error| anyhow!("{error}"))?],
        disabled: Vec::new(),
        organization: false,
    };
    let captured = Timestamp::parse("2026-01-01T00:00:00Z").map_err(|error| anyhow!("{error}"))?;
    let mut plan = Plan::new(vec![target], captured);
    for name in TYPES {
        plan.types.push(ResourceType::parse(name).map_err(|error| anyhow!("{error}"))?);
    }
    let mut sink = Counting::default();
    let summary = collect(&collectors, &plan, &mut sink, &mut |_| {}, &Stop::default()).await;
    let summary = summary.map_err(|error| anyhow!("{error}"))?;
    let calls: u64 = client.statistics().values().map(|service| service.calls).sum();
    println!(
        "haechi: {} resources, {calls} calls, {:.2} s CPU, {:.2} s, {} MiB peak{}",
        sink.items,
        cpu()? - before,
        started.elapsed().as_secs_f64(),
        peak()?,
        if sink.incomplete + summary.missing.len() == 0 { "" } else { "; INCOMPLETE" }
    );
    Ok(())
}

/// CPU seconds of this process: Linux counts them in hundredths.
fn cpu() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

fn peak() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).context("VmHWM")?;
    let kilobytes: u64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    Ok(kilobytes / 1024)
}

/// The answers, made beforehand: by operation and what the page or the resource is called.
struct Answers(HashMap<String, String>);

fn serve(resources: usize) -> Result<()> {
    let answers = Arc::new(Answers::of(resources));
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("http://{}", listener.local_addr()?);
    for connection in listener.incoming().flatten() {
        let answers = answers.clone();
        std::thread::spawn(move || while one(&connection, &answers).unwrap_or(false) {});
    }
    Ok(())
}

fn one(connection: &TcpStream, answers: &Answers) -> std::io::Result<bool> {
    let mut reader = BufReader::new(connection);
    let (mut length, mut target, mut line) = (0, None, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        } else if lower.starts_with("x-amz-target:") {
            target = line.trim().rsplit('.').next().map(str::to_owned);
        } else if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let text = String::from_utf8_lossy(&body);
    let action = || text.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned);
    let operation = target.clone().or_else(action).unwrap_or_default();
    let which = ["page-", "key-"].iter().find_map(|word| {
        let rest = text.split(word).nth(1)?;
        Some(rest.chars().take_while(char::is_ascii_digit).collect::<String>())
    });
    let answer = answers.0.get(&format!("{operation} {}", which.unwrap_or_default())).map_or("", String::as_str);
    let (status, kind) = match (answer.is_empty(), target) {
        (true, _) => ("404 Not Found", "text/plain"),
        (_, Some(_)) => ("200 OK", "application/x-amz-json-1.1"),
        (_, None) => ("200 OK", "text/xml"),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", answer.len());
    let mut writer = connection;
    let mut whole = head.into_bytes();
    whole.extend_from_slice(answer.as_bytes());
    writer.write_all(&whole)?;
    Ok(true)
}

impl Answers {
    fn of(resources: usize) -> Self {
        let keys = resources / 10;
        let groups = resources * 45 / 100;
        let mut answers = HashMap::new();
        let volumes = resources - keys - groups;
        pages(&mut answers, "DescribeVolumes", "volumeSet", volumes, volume);
        pages(&mut answers, "DescribeSecurityGroups", "securityGroupInfo", groups, group);
        let last = keys.div_ceil(KEY_PAGE);
        for page in 0..last {
            let listed: Vec<String> = (page * KEY_PAGE..keys.min((page + 1) * KEY_PAGE))
                .map(|n| format!(r#"{{"KeyId":"key-{n}","KeyArn":"arn:aws:kms:us-east-1:123456789012:key/key-{n}"}}"#))
                .collect();
            let marker = if page + 1 < last { format!(r#","NextMarker":"page-{}""#, page + 1) } else { String::new() };
            let body = format!(r#"{{"Keys":[{}],"Truncated":{}{marker}}}"#, listed.join(","), page + 1 < last);
            answers.insert(format!("ListKeys {}", if page == 0 { String::new() } else { page.to_string() }), body);
        }
        answers.insert("ListAliases ".to_owned(), r#"{"Aliases":[],"Truncated":false}"#.to_owned());
        for n in 0..keys {
            answers.insert(format!("DescribeKey {n}"), format!(r#"{{"KeyMetadata":{{"AWSAccountId":"123456789012","KeyId":"key-{n}","Arn":"arn:aws:kms:us-east-1:123456789012:key/key-{n}","CreationDate":1700000000.0,"Enabled":true,"Description":"Default key that protects my EBS volumes when no other key is defined","KeyUsage":"ENCRYPT_DECRYPT","KeyState":"Enabled","Origin":"AWS_KMS","KeyManager":"AWS","CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","KeySpec":"SYMMETRIC_DEFAULT","EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"MultiRegion":false}}}}"#));
            answers.insert(format!("GetKeyPolicy {n}"), r#"{"Policy":"{\"Version\":\"2012-10-17\",\"Id\":\"auto-ebs-2\",\"Statement\":[{\"Sid\":\"Allow access through EBS\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":[\"kms:Encrypt\",\"kms:Decrypt\",\"kms:ReEncrypt*\",\"kms:GenerateDataKey*\",\"kms:CreateGrant\",\"kms:DescribeKey\"],\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"kms:CallerAccount\":\"123456789012\",\"kms:ViaService\":\"ec2.us-east-1.amazonaws.com\"}}}]}","PolicyName":"default"}"#.to_owned());
        }
        Self(answers)
    }
}

fn pages(
    answers: &mut HashMap<String, String>,
    operation: &str,
    list: &str,
    number: usize,
    item: impl Fn(usize) -> String,
) {
    let last = number.div_ceil(PAGE);
    for page in 0..last {
        let items: String = (page * PAGE..number.min((page + 1) * PAGE)).map(&item).collect();
        let token = if page + 1 < last { format!("<nextToken>page-{}</nextToken>", page + 1) } else { String::new() };
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId><{list}>{items}</{list}>{token}</{operation}Response>"
        );
        answers.insert(format!("{operation} {}", if page == 0 { String::new() } else { page.to_string() }), body);
    }
}

fn tags(n: usize) -> String {
    format!(
        "<tagSet><item><key>Name</key><value>app-{n}</value></item><item><key>env</key><value>prod</value></item><item><key>owner</key><value>team-{}</value></item></tagSet>",
        n % 40
    )
}

fn volume(n: usize) -> String {
    format!(
        "<item><volumeId>vol-{n:017x}</volumeId><size>100</size><snapshotId>snap-{n:017x}</snapshotId><availabilityZone>us-east-1a</availabilityZone><status>in-use</status><createTime>2024-05-06T07:08:09.123Z</createTime><attachmentSet><item><volumeId>vol-{n:017x}</volumeId><instanceId>i-{n:017x}</instanceId><device>/dev/xvda</device><status>attached</status><attachTime>2024-05-06T07:08:10.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></item></attachmentSet>{}<volumeType>gp3</volumeType><iops>3000</iops><throughput>125</throughput><encrypted>true</encrypted><kmsKeyId>arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab</kmsKeyId><multiAttachEnabled>false</multiAttachEnabled></item>",
        tags(n)
    )
}

fn group(n: usize) -> String {
    let permission = |port: usize| {
        format!(
            "<item><ipProtocol>tcp</ipProtocol><fromPort>{port}</fromPort><toPort>{port}</toPort><groups/><ipRanges><item><cidrIp>10.0.0.0/8</cidrIp><description>inside</description></item></ipRanges><ipv6Ranges/><prefixListIds/></item>"
        )
    };
    format!(
        "<item><ownerId>123456789012</ownerId><groupId>sg-{n:017x}</groupId><groupName>group-{n}</groupName><groupDescription>what the service needs</groupDescription><vpcId>vpc-0a1b2c3d4e5f60718</vpcId><ipPermissions>{}{}{}</ipPermissions><ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges/><prefixListIds/></item></ipPermissionsEgress>{}</item>",
        permission(22),
        permission(443),
        permission(5432),
        tags(n)
    )
}
