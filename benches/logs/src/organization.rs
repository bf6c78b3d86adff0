//! The organization whose logs are made: accounts, and principals with habits. Whatever belongs to a number is found
//! from the number, so that a hundred thousand principals need no memory.

use std::io::Write as _;

use super::random::{Random, hash};

/// What a principal is there for: it decides what it calls, from where, and how it signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Job {
    App,
    Node,
    Service,
    Scanner,
    Pipeline,
    Human,
}

pub const JOBS: [Job; 6] = [Job::App, Job::Node, Job::Service, Job::Scanner, Job::Pipeline, Job::Human];

const REGIONS: [&str; 8] = [
    "us-east-1",
    "eu-west-1",
    "us-west-2",
    "ap-northeast-2",
    "ap-northeast-1",
    "eu-central-1",
    "ap-southeast-1",
    "sa-east-1",
];
const SERVICES: [&str; 10] = [
    "lambda.amazonaws.com",
    "ec2.amazonaws.com",
    "autoscaling.amazonaws.com",
    "config.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "dlm.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "eks.amazonaws.com",
    "backup.amazonaws.com",
    "states.amazonaws.com",
];
const AGENTS: [(Job, &[&str]); 5] = [
    (
        Job::App,
        &[
            "[Boto3/1.40.12 md/Botocore#1.40.12 ua/2.1 os/linux#6.1.147-172.266.amzn2023.x86_64 md/arch#x86_64 lang/python#3.13.7 md/pyimpl#CPython m/Z,b,n cfg/retry-mode#legacy exec-env/AWS_Lambda_python3.13 Botocore/1.40.12]",
            "[aws-sdk-java/2.33.8 md/io#sync md/http#Apache ua/2.1 os/Linux#5.10.240 lang/java#21.0.8 md/OpenJDK_64-Bit_Server_VM#21.0.8+9-LTS md/vendor#Amazon.com_Inc. md/en_US exec-env/AWS_ECS_FARGATE m/D,E]",
            "[aws-sdk-js/3.879.0 ua/2.1 os/linux#5.10.240 lang/js md/nodejs#22.18.0 api/s3#3.879.0 exec-env/AWS_Lambda_nodejs22.x m/E,n]",
            "[aws-sdk-go-v2/1.38.3 ua/2.1 os/linux lang/go#1.24.6 md/GOOS#linux md/GOARCH#arm64 api/s3#1.87.1 m/E,Z,e]",
        ],
    ),
    (
        Job::Node,
        &[
            "aws-sdk-go/1.55.5 (go1.24.6; linux; amd64) amazon-ssm-agent/3.3.987.0",
            "aws-sdk-go-v2/1.38.3 ua/2.1 os/linux lang/go#1.24.6 md/GOOS#linux md/GOARCH#amd64 api/ecr#1.49.0 kubelet",
        ],
    ),
    (
        Job::Scanner,
        &[
            "Boto3/1.40.12 md/Botocore#1.40.12 ua/2.1 os/linux#6.1.0 md/arch#x86_64 lang/python#3.12.11 md/pyimpl#CPython cfg/retry-mode#standard Botocore/1.40.12 posture/5.1",
        ],
    ),
    (
        Job::Pipeline,
        &[
            "APN/1.0 HashiCorp/1.0 Terraform/1.13.1 (+https://www.terraform.io) terraform-provider-aws/6.10.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.38.1 ua/2.1 os/linux lang/go#1.24.5 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.245.1",
            "aws-cli/2.28.18 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0-1031-aws md/arch#x86_64 lang/python#3.13.4 md/pyimpl#CPython exec-env/CodeBuild m/b,E,Z cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#sts.get-caller-identity",
        ],
    ),
    (
        Job::Human,
        &[
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0",
            "aws-cli/2.28.18 md/awscrt#0.27.6 ua/2.1 os/macos#24.6.0 md/arch#arm64 lang/python#3.13.7 md/pyimpl#CPython m/E,AA,b cfg/retry-mode#standard md/installer#source md/prompt#off md/command#ec2.describe-instances",
        ],
    ),
];
const WORDS: [&str; 32] = [
    "orders", "billing", "search", "catalog", "payments", "ingest", "reports", "mail", "gateway", "identity", "audit",
    "media", "images", "metrics", "events", "stock", "shipping", "pricing", "users", "sessions", "backup", "archive",
    "stream", "jobs", "cache", "config", "profile", "render", "export", "import", "sync", "notify",
];

fn word(number: u64) -> &'static str {
    WORDS[(number % WORDS.len() as u64) as usize]
}

pub struct Organization {
    pub accounts: u64,
    /// Principals of all accounts.
    pub principals: u64,
    pub seed: u64,
}

/// One who calls.
#[derive(Clone, Copy)]
pub struct Principal {
    pub job: Job,
    /// Everything about it is found from this.
    pub number: u64,
    pub account: u64,
}

impl Organization {
    /// One of an account's principals: a few call often, most seldom.
    pub fn principal(&self, account: u64, random: &mut Random) -> Principal {
        let own = random.skewed((self.principals / self.accounts).max(1));
        let number = hash(self.seed ^ account, own);
        // Of a hundred principals, so many have the job.
        let job = match hash(number, 1) % 100 {
            0..32 => Job::App,
            32..46 => Job::Node,
            46..70 => Job::Service,
            70..75 => Job::Scanner,
            75..82 => Job::Pipeline,
            _ => Job::Human,
        };
        Principal { job, number, account }
    }

    pub fn account(&self, account: u64) -> u64 {
        100_000_000_000 + hash(self.seed, account) % 899_999_999_999
    }

    /// The region of an account's file in an hour: mostly its first.
    pub fn region(&self, account: u64, hour: u64) -> &'static str {
        let turn = hash(account ^ 7, hour) % 10;
        let region = hash(self.seed ^ 3, account) + turn.saturating_sub(6);
        REGIONS[(region % REGIONS.len() as u64) as usize]
    }
}

/// Names of an account's things, by number.
pub fn role(account: u64, number: u64, out: &mut Vec<u8>) {
    let hash = hash(account, number ^ 0x0F01E);
    let _ = write!(out, "{}-{}-{}", word(hash), word(hash >> 8), number % 40);
}

pub fn bucket(account: u64, number: u64, out: &mut Vec<u8>) {
    let hash = hash(account, number ^ 0xB0CE);
    let _ = write!(out, "{}-{}-{:08x}", word(hash), word(hash >> 8), hash >> 32);
}

/// A path of words and numbers, as objects have it.
pub fn key(random: &mut Random, out: &mut Vec<u8>) {
    let number = random.next();
    let _ = write!(
        out,
        "{}/year=2026/month={:02}/day={:02}/part-{:05}-",
        word(number),
        1 + (number >> 8) % 12,
        1 + (number >> 16) % 28,
        (number >> 24) % 100_000
    );
    random.hex(16, out);
    out.extend_from_slice(b".parquet");
}

pub fn folder(number: u64) -> &'static str {
    word(number)
}

/// An id such as `i-0123456789abcdef0`: the same for the same account and number.
pub fn id(prefix: &str, account: u64, number: u64, out: &mut Vec<u8>) {
    let _ = write!(out, "{prefix}-0{:016x}", hash(account ^ prefix.len() as u64, number));
}

pub fn uuid_of(one: u64, two: u64, out: &mut Vec<u8>) {
    Random::new(hash(one, two)).uuid(out);
}

impl Principal {
    /// Each principal keeps to some of what its job calls.
    pub fn calls(&self, shape: usize) -> bool {
        !hash(self.number, 100 + shape as u64).is_multiple_of(3)
    }

    fn of(&self, what: u64, most: u64) -> u64 {
        hash(self.number, what) % most
    }

    /// One of its own things: principals of an account share them.
    pub fn thing(&self, random: &mut Random, most: u64) -> u64 {
        (self.of(2, most) + random.skewed(4)) % most
    }

    pub fn session(&self, out: &mut Vec<u8>) {
        match self.job {
            Job::Node => id("i", self.account, self.of(3, 60), out),
            Job::Human => {
                let _ = write!(out, "{}.{:04x}@example.com", word(self.number), self.of(4, 0xFFFF));
            }
            _ => role(self.account, self.of(5, 4000), out),
        }
    }

    fn role(&self, out: &mut Vec<u8>) {
        if self.job == Job::Human {
            let _ = write!(out, "AWSReservedSSO_{}_{:016x}", word(self.of(6, 3)), hash(self.account, self.of(6, 3)));
        } else {
            role(self.account, self.of(7, 4000), out);
        }
    }

    fn is_user(&self) -> bool {
        self.job == Job::Human && self.of(8, 2) == 0
    }

    pub fn arn(&self, account: u64, out: &mut Vec<u8>) {
        if self.is_user() {
            let _ = write!(out, "arn:aws:iam::{account:012}:user/");
            self.session(out);
        } else {
            let _ = write!(out, "arn:aws:sts::{account:012}:assumed-role/");
            self.role(out);
            out.push(b'/');
            self.session(out);
        }
    }

    pub fn address(&self, random: &mut Random, out: &mut Vec<u8>) {
        let (home, number) = match self.job {
            Job::Service => return out.extend_from_slice(self.service().as_bytes()),
            // An address seen for the first time.
            Job::Human if random.one_in(3000) => (hash(self.number, random.next()), 9),
            Job::Human => (hash(self.number, 10), random.below(3)),
            Job::App => (hash(self.account, 11), random.below(3)),
            _ => (hash(self.account, 12 + self.of(12, 16)), random.below(2)),
        };
        let number = hash(home, number);
        if number.is_multiple_of(12) {
            let _ = write!(out, "2001:db8:{:x}:{:x}::{:x}", number >> 48, number >> 32 & 0xFFFF, number >> 16 & 0xFFFF);
        } else {
            // The network that RFC 2544 keeps for benchmarks.
            let _ = write!(out, "198.{}.{}.{}", 18 + (number >> 8 & 1), number >> 16 & 0xFF, 1 + (number >> 24) % 254);
        }
    }

    pub fn service(&self) -> &'static str {
        SERVICES[self.of(13, SERVICES.len() as u64) as usize]
    }

    pub fn agent(&self, out: &mut Vec<u8>) {
        let agents = AGENTS.iter().find(|(job, _)| *job == self.job).map(|(_, agents)| *agents);
        match agents {
            Some(agents) => out.extend_from_slice(agents[self.of(14, agents.len() as u64) as usize].as_bytes()),
            None => out.extend_from_slice(self.service().as_bytes()),
        }
    }

    /// `userIdentity`, in the order of AWS. A session lasts an hour.
    pub fn identity(&self, account: u64, hour: u64, out: &mut Vec<u8>) {
        if self.job == Job::Service {
            let _ = write!(out, r#"{{"type":"AWSService","invokedBy":"{}"}}"#, self.service());
            return;
        }
        let base32 = |prefix: &[u8], seed: u64, count: usize, out: &mut Vec<u8>| {
            out.extend_from_slice(prefix);
            Random::new(seed).base32(count, out);
        };
        if self.is_user() {
            out.extend_from_slice(br#"{"type":"IAMUser","principalId":""#);
            base32(b"AIDA", hash(self.number, 20), 17, out);
            out.extend_from_slice(br#"","arn":""#);
            self.arn(account, out);
            let _ = write!(out, r#"","accountId":"{account:012}","accessKeyId":""#);
            base32(b"AKIA", hash(self.number, 21), 16, out);
            out.extend_from_slice(br#"","userName":""#);
            self.session(out);
            out.extend_from_slice(br#""}"#);
            return;
        }
        out.extend_from_slice(br#"{"type":"AssumedRole","principalId":""#);
        let mut role_id = Vec::new();
        base32(b"AROA", hash(self.account, self.of(7, 4000) ^ 22), 17, &mut role_id);
        out.extend_from_slice(&role_id);
        out.push(b':');
        self.session(out);
        out.extend_from_slice(br#"","arn":""#);
        self.arn(account, out);
        let _ = write!(out, r#"","accountId":"{account:012}","accessKeyId":""#);
        base32(b"ASIA", hash(self.number, hour), 16, out);
        out.extend_from_slice(br#"","sessionContext":{"sessionIssuer":{"type":"Role","principalId":""#);
        out.extend_from_slice(&role_id);
        let _ = write!(out, r#"","arn":"arn:aws:iam::{account:012}:role/"#);
        if self.job == Job::Human {
            out.extend_from_slice(b"aws-reserved/sso.amazonaws.com/");
        }
        self.role(out);
        let _ = write!(out, r#"","accountId":"{account:012}","userName":""#);
        self.role(out);
        out.extend_from_slice(br#""},"#);
        if self.job == Job::Pipeline {
            let _ = write!(
                out,
                r#""webIdFederationData":{{"federatedProvider":"arn:aws:iam::{account:012}:oidc-provider/token.actions.githubusercontent.com","attributes":{{}}}},"#
            );
        }
        out.extend_from_slice(br#""attributes":{"creationDate":""#);
        super::cloudtrail::date(super::cloudtrail::START + hour * 3600 - self.of(23, 3000), out);
        out.extend_from_slice(br#"","mfaAuthenticated":""#);
        out.extend_from_slice(if self.job == Job::Human { b"true" } else { b"false" });
        out.extend_from_slice(br#""}"#);
        if self.job == Job::Node {
            out.extend_from_slice(br#","ec2RoleDelivery":"2.0""#);
        }
        out.extend_from_slice(b"}}");
    }
}
