//! Makes the example organization of `examples/organization`: four accounts as AWS Config snapshot files with their
//! tree, guardrails and people, and a month of their logs with an attack in it.
//!
//! Everything is invented, comes from one fixed seed and is the same bytes on every run.

mod access;
mod attack;
mod builder;
mod center;
mod compute;
mod identity;
mod images;
mod logs;
mod network;
mod organization;
mod published;
mod storage;

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use builder::{Account, Snapshot};
use serde_json::{Value, json};

/// When the snapshots were taken: `haechi demo` judges as of this moment, so that it says the same on every day.
const TAKEN: &str = "2026-11-20T03:00:00.000Z";
const ORGANIZATION: &str = "o-exampleorg1";
const MANAGEMENT: &str = "222233334444";
const SECURITY: &str = "111122223333";
const SHOP: &str = "444455556666";
const SANDBOX: &str = "777788889999";

fn accounts() -> [Account; 4] {
    [
        Account { id: MANAGEMENT, name: "management", ou: "Root", character: builder::Character::Careful },
        Account { id: SECURITY, name: "security", ou: "Root/Security", character: builder::Character::Careful },
        Account { id: SHOP, name: "shop-prod", ou: "Root/Workloads/Prod", character: builder::Character::Mixed },
        Account { id: SANDBOX, name: "sandbox", ou: "Root/Sandbox", character: builder::Character::Careless },
    ]
}

const REGIONS: [&str; 2] = ["ap-northeast-2", "us-east-1"];

pub fn run(arguments: &[String]) -> Result<()> {
    let folder = arguments.first().map_or("examples/organization", String::as_str);
    let folder = Path::new(folder);
    let names: Vec<Value> = accounts()
        .iter()
        .map(|account| json!({"id": account.id, "name": account.name, "ouPath": account.ou, "organization": ORGANIZATION}))
        .collect();
    let (mut items, mut bytes) = (0, 0);
    for account in accounts() {
        for region in REGIONS {
            let mut snapshot = Snapshot::new(&account, region);
            if region == REGIONS[0] {
                identity::global(&mut snapshot);
            }
            identity::regional(&mut snapshot);
            if account.id == MANAGEMENT {
                // Nothing runs there, and that was looked at.
                let mut other = Snapshot::new(&account, region);
                workloads(&mut other);
                snapshot.lists_what(&other);
            } else {
                workloads(&mut snapshot);
            }
            // Last, so that the ids above stay what the logs name.
            if region == REGIONS[0] {
                access::fill(&mut snapshot);
                images::fill(&mut snapshot);
                organization::fill(&mut snapshot);
                center::fill(&mut snapshot);
            }
            published::fill(&mut snapshot);
            items += snapshot.items.len();
            bytes += write(folder, &snapshot, &names)?;
        }
    }
    let logs = logs::write(folder)?;
    eprintln!("{items} items, {bytes} bytes, and {logs} bytes of logs in {}", folder.display());
    Ok(())
}

fn workloads(snapshot: &mut Snapshot) {
    network::fill(snapshot);
    compute::fill(snapshot);
    storage::fill(snapshot);
}

/// One file, named and laid out as AWS Config does it. The gzip header holds no time.
fn write(folder: &Path, snapshot: &Snapshot, names: &[Value]) -> Result<usize> {
    let (account, region) = (snapshot.account.id, snapshot.region);
    let id = snapshot.uuid();
    let folder = folder.join(format!("AWSLogs/{account}/Config/{region}/2026/11/20/ConfigSnapshot"));
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let path = folder.join(format!("{account}_Config_{region}_ConfigSnapshot_20261120T030000Z_{id}.json.gz"));
    let body = json!({
        "fileVersion": "1.0",
        "configSnapshotId": id,
        "configurationItems": snapshot.items,
        "haechi": {"coverage": snapshot.coverage(), "accounts": names},
    });
    let mut gzip = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::best());
    gzip.write_all(body.to_string().as_bytes())?;
    let packed = gzip.finish()?;
    std::fs::write(&path, &packed).with_context(|| path.display().to_string())?;
    Ok(packed.len())
}
