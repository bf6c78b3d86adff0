//! Measures the importer: `import_speed make FILE MEGABYTES` writes a snapshot, `import_speed read PATH...` imports it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Instant;

use haechi_content::Content;
use haechi_inventory::{Extended, Sink, SinkError, Stop, import};
use haechi_model::{ConfigurationItem, Coverage};
use serde_json::json;

/// Counts what comes, and lets it go.
#[derive(Default)]
struct Counted {
    items: u64,
    bytes: usize,
}

impl Sink for Counted {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        self.items += batch.len() as u64;
        self.bytes += batch.iter().map(ConfigurationItem::size).sum::<usize>();
        Ok(())
    }
    fn coverage(&mut self, _: Coverage) -> Result<(), SinkError> {
        Ok(())
    }
}

fn main() -> Result<(), SinkError> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("make") => {
            let path = arguments.next().ok_or("make FILE MEGABYTES")?;
            make(&path, arguments.next().ok_or("make FILE MEGABYTES")?.parse()?)?;
        }
        Some("read") => read(&arguments.map(PathBuf::from).collect::<Vec<_>>())?,
        _ => eprintln!("import_speed make FILE MEGABYTES | import_speed read PATH..."),
    }
    Ok(())
}

/// A snapshot of security groups, instances and users, about 2.5 KB each.
fn make(path: &str, megabytes: u64) -> Result<(), SinkError> {
    let mut out = BufWriter::new(File::create(path)?);
    write!(out, "{{\"fileVersion\":\"1.0\",\"configSnapshotId\":\"speed\",\"configurationItems\":[")?;
    let (mut written, mut number) = (0, 0u64);
    while written < megabytes << 20 {
        let (kind, region) = match number % 10 {
            0 => ("AWS::EC2::Instance", "us-east-1"),
            1 => ("AWS::IAM::User", "global"),
            _ => ("AWS::EC2::SecurityGroup", "us-east-1"),
        };
        let rules: Vec<_> = (0..6)
            .map(|port| {
                json!({"fromPort": 1000 + port, "ipProtocol": "tcp", "ipv6Ranges": [], "prefixListIds": [], "toPort": 1000 + port,
                    "userIdGroupPairs": [], "ipv4Ranges": [{"cidrIp": format!("10.{port}.0.0/16"), "description": "from \"inside\""}],
                    "ipRanges": [format!("10.{port}.0.0/16")]})
            })
            .collect();
        let item = json!({"relatedEvents": [], "relationships": [{"resourceId": "vpc-0a1b2c3d4e5f60718", "resourceType": "AWS::EC2::VPC", "name": "Is contained in Vpc"}],
            "configuration": {"description": "made to measure", "groupName": format!("group-{number}"), "ipPermissions": rules, "ownerId": "123456789012",
                "groupId": format!("sg-{number:017x}"), "ipPermissionsEgress": [], "tags": [{"key": "env", "value": "prod"}], "vpcId": "vpc-0a1b2c3d4e5f60718"},
            "supplementaryConfiguration": {}, "tags": {"env": "prod"}, "configurationItemVersion": "1.3",
            "configurationItemCaptureTime": "2026-01-01T00:00:00.000Z", "configurationStateId": 1_795_143_600_000_u64, "awsAccountId": "123456789012",
            "configurationItemStatus": "OK", "resourceType": kind, "resourceId": format!("sg-{number:017x}"), "resourceName": format!("group-{number}"),
            "ARN": format!("arn:aws:ec2:us-east-1:123456789012:security-group/sg-{number:017x}"), "awsRegion": region, "availabilityZone": "Not Applicable"});
        let text = item.to_string();
        write!(out, "{}{text}", if number == 0 { "" } else { "," })?;
        written += text.len() as u64;
        number += 1;
    }
    write!(out, "]}}")?;
    out.flush()?;
    println!("{number} items in {path}");
    Ok(())
}

fn read(paths: &[PathBuf]) -> Result<(), SinkError> {
    let extended = Extended::of(Content::embedded().types());
    let mut sink = Counted::default();
    let mut bytes = 0;
    let began = Instant::now();
    let summary = import(paths, &extended, &mut sink, &mut |now| bytes = now.bytes, &Stop::default())?;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{} files, {} items, {} faults, {:.0} MB on disk in {seconds:.2} s: {:.0} MB/s, {} MB as items",
        summary.files,
        sink.items,
        summary.unreadable.len(),
        bytes as f64 / 1e6,
        bytes as f64 / 1e6 / seconds,
        sink.bytes / 1_000_000,
    );
    Ok(())
}
