//! A snapshot in the making: items in AWS Config's file spelling, ids from a fixed seed.

use serde_json::{Map, Value, json};

/// How well an account is kept: what it gets wrong follows from this.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Character {
    Careful,
    Mixed,
    Careless,
}

pub struct Account {
    pub id: &'static str,
    pub name: &'static str,
    pub ou: &'static str,
    pub character: Character,
}

pub struct Snapshot<'a> {
    pub account: &'a Account,
    pub region: &'static str,
    pub items: Vec<Value>,
    state: u64,
    listed: Vec<(&'static str, &'static str)>,
}

impl<'a> Snapshot<'a> {
    pub fn new(account: &'a Account, region: &'static str) -> Self {
        let seed = account
            .id
            .bytes()
            .chain(region.bytes())
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        Self { account, region, items: Vec::new(), state: seed, listed: Vec::new() }
    }

    /// The next number of the fixed sequence (SplitMix64).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// An id such as `i-0a1b...` with 17 digits after the prefix.
    pub fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.next())
    }

    /// An IAM unique id such as `AIDA` and 17 letters.
    pub fn unique(&mut self, prefix: &str) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let (mut high, mut low) = (self.next(), self.next());
        let tail: String = (0..17)
            .map(|at| {
                let bits = if at < 12 { &mut high } else { &mut low };
                let letter = LETTERS[(*bits & 31) as usize] as char;
                *bits >>= 5;
                letter
            })
            .collect();
        format!("{prefix}{tail}")
    }

    pub fn uuid(&self) -> String {
        let mut copy = Snapshot {
            account: self.account,
            region: self.region,
            items: Vec::new(),
            state: self.state,
            listed: Vec::new(),
        };
        copy.fresh_uuid()
    }

    pub fn fresh_uuid(&mut self) -> String {
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

    pub fn arn(&self, service: &str, resource: &str) -> String {
        let region = if service == "iam" || service == "s3" { "" } else { self.region };
        let account = if service == "s3" { "" } else { self.account.id };
        format!("arn:aws:{service}:{region}:{account}:{resource}")
    }

    /// Says that all was listed that another snapshot lists.
    pub fn lists_what(&mut self, other: &Snapshot<'_>) {
        let names: Vec<&'static str> = other.listed.iter().map(|(name, _)| *name).collect();
        self.listed(&names);
    }

    pub fn is(&self, character: Character) -> bool {
        self.account.character == character
    }

    /// Says that a type was listed to its end, also when there was nothing.
    pub fn listed(&mut self, types: &[&'static str]) {
        for name in types {
            let region = if is_global(name) { "global" } else { self.region };
            if !self.listed.contains(&(name, region)) {
                self.listed.push((name, region));
            }
        }
    }

    /// Adds an item; `extra` may hold any further member of a configuration item.
    pub fn add(&mut self, resource_type: &'static str, id: &str, arn: String, configuration: Value, extra: Value) {
        let global = is_global(resource_type) || extra.get("awsRegion").is_some();
        let mut item = Map::new();
        let mut put = |name: &str, value: Value| item.insert(name.to_owned(), value);
        put("configurationItemVersion", json!("1.3"));
        put("configurationItemCaptureTime", json!(super::TAKEN));
        put("configurationStateId", json!(1_795_143_600_000_u64));
        put("awsAccountId", json!(self.account.id));
        put("configurationItemStatus", json!("OK"));
        put("resourceType", json!(resource_type));
        put("resourceId", json!(id));
        // Some things have no ARN of their own.
        if !arn.is_empty() {
            put("ARN", json!(arn));
        }
        put("awsRegion", json!(if global { "global" } else { self.region }));
        put("availabilityZone", json!(if global { "Not Applicable" } else { "Multiple Availability Zones" }));
        put("tags", json!({}));
        put("relatedEvents", json!([]));
        put("relationships", json!([]));
        put("configuration", configuration);
        put("supplementaryConfiguration", json!({}));
        if let Value::Object(extra) = extra {
            extra.into_iter().for_each(|(name, value)| {
                item.insert(name, value);
            });
        }
        let region = if global { "global" } else { self.region };
        if !self.listed.contains(&(resource_type, region)) {
            self.listed.push((resource_type, region));
        }
        self.items.push(Value::Object(item));
    }

    pub fn coverage(&self) -> Vec<Value> {
        self.listed
            .iter()
            .map(|(resource_type, region)| {
                let of_type = self.items.iter().filter(|item| item["resourceType"] == *resource_type && item["awsRegion"] == *region);
                json!({"accountId": self.account.id, "region": region, "resourceType": resource_type, "state": "complete", "resources": of_type.count()})
            })
            .collect()
    }
}

fn is_global(resource_type: &str) -> bool {
    ["AWS::IAM::", "AWS::Organizations::"].iter().any(|prefix| resource_type.starts_with(prefix))
        || resource_type == "AWS::S3::AccountPublicAccessBlock"
}

/// Text as IAM keeps policy documents: percent-encoded.
pub fn encoded(document: &Value) -> String {
    document.to_string().bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(byte as char);
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

pub fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

pub fn related(resource_type: &str, id: &str, name: &str) -> Value {
    json!({"resourceType": resource_type, "resourceId": id, "name": name})
}
