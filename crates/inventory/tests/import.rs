//! Imports the files of the example organization and a folder as a user has it.

use std::fs;
use std::path::{Path, PathBuf};

use haechi_content::Content;
use haechi_inventory::{
    Extended, ImportSummary, NOT_RECORDED, NamedAccount, Sink, SinkError, SnapshotHead, Stop, export_snapshot, import,
    import_bytes,
};
use haechi_model::{AccountId, ConfigurationItem, Coverage};
use serde_json::{Value, json};

#[derive(Default)]
struct Kept {
    items: Vec<ConfigurationItem>,
    coverage: Vec<Coverage>,
}

impl Sink for Kept {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        assert!(batch.len() <= haechi_inventory::IMPORT_BATCH && !batch.is_empty());
        self.items.extend(batch);
        Ok(())
    }
    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        self.coverage.push(line);
        Ok(())
    }
}

fn extended() -> Extended {
    Extended::of(Content::embedded().types())
}

fn run(paths: &[PathBuf]) -> (ImportSummary, Kept) {
    let mut kept = Kept::default();
    let summary = import(paths, &extended(), &mut kept, &mut |_| {}, &Stop::default()).expect("the sink takes all");
    assert_eq!(summary.items, kept.items.len() as u64);
    assert_eq!(summary.coverage, kept.coverage);
    (summary, kept)
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/organization")
}

fn missing(item: &ConfigurationItem) -> Vec<&str> {
    item.not_collected().map(|gap| gap.path).collect()
}

fn user(id: &str) -> Value {
    json!({"configurationItemVersion": "1.3", "awsAccountId": "123456789012", "awsRegion": "global",
        "resourceType": "AWS::IAM::User", "resourceId": id, "configurationItemStatus": "OK",
        "ARN": format!("arn:aws:iam::123456789012:user/{id}"),
        "configurationItemCaptureTime": "2026-01-01T00:00:00.000Z", "configuration": {"userName": id, "mfaDevices": []},
        "relationships": [{"resourceType": "AWS::IAM::Group", "resourceName": "g", "name": "Is attached to Group"}]})
}

#[test]
fn the_example_organization_is_read_whole() {
    let (summary, kept) = run(&[examples()]);
    assert_eq!((summary.files, &summary.unreadable), (8, &Vec::new()));
    // Beside them lie its logs: those are none of AWS Config's, and passed over by name.
    let logs = ["CloudTrail", "vpcflowlogs", "vpcdnsquerylogs"];
    let is_log = |path: &std::path::Path| path.iter().any(|part| logs.iter().any(|log| part == *log));
    assert!(!summary.skipped.is_empty() && summary.skipped.iter().all(|skipped| is_log(&skipped.path)));
    assert!(summary.items > 100, "{}", summary.items);
    assert_eq!(summary.organization.as_deref(), Some("o-exampleorg1"));
    let names: Vec<_> = summary.accounts.iter().map(|account| (account.id.as_str(), account.name.as_deref())).collect();
    assert_eq!(
        names,
        [
            ("111122223333", Some("security")),
            ("222233334444", Some("management")),
            ("444455556666", Some("shop-prod")),
            ("777788889999", Some("sandbox"))
        ]
    );
    assert_eq!(summary.accounts[2].ou_path.as_deref(), Some("Root/Workloads/Prod"));
    assert!(summary.coverage.iter().all(Coverage::is_complete));
    assert!(summary.coverage.iter().any(|line| line.resources == 0), "what is listed and empty is said");
    // These files are our own: what is absent is absent.
    assert!(kept.items.iter().all(|item| missing(item).is_empty()));
}

#[test]
fn in_a_file_of_aws_unrecorded_members_are_unknown() {
    let mut excused = user("excused");
    excused["notCollected"] = json!({"configuration.credentialReport": "AccessDenied"});
    let mut deleted = user("deleted");
    deleted["configurationItemStatus"] = json!("ResourceDeleted");
    deleted["configuration"] = Value::Null;
    let body =
        json!({"fileVersion": "1.0", "configSnapshotId": "x", "configurationItems": [user("plain"), excused, deleted]});
    let read = |body: &Value| {
        let mut kept = Kept::default();
        let text = body.to_string();
        import_bytes("x.json", text.as_bytes(), &extended(), &mut kept, &mut |_| {}, &Stop::default()).unwrap();
        kept
    };
    let kept = read(&body);
    let reasons: Vec<_> = kept.items[0].not_collected().map(|gap| (gap.path, gap.reason)).collect();
    assert!(reasons.contains(&("configuration.accessKeys", NOT_RECORDED)), "{reasons:?}");
    assert!(!missing(&kept.items[0]).contains(&"configuration.mfaDevices"), "the item has it");
    let excused: Vec<_> = kept.items[1].not_collected().filter(|gap| gap.path.contains("Report")).collect();
    assert_eq!(excused.len(), 1);
    assert_eq!(excused[0].reason, "AccessDenied");
    assert!(missing(&kept.items[2]).is_empty(), "what is deleted lacks nothing");
    // The last member of the file says that it is ours: then absent means absent.
    let mut ours = body.clone();
    ours["haechi"] = json!({"coverage": []});
    assert!(read(&ours).items.iter().all(|item| missing(item).len() <= 1));
    assert!(read(&ours).coverage.is_empty(), "our word counts, also when it is nothing");
    assert_eq!(kept.coverage.len(), 1);
    assert_eq!((kept.coverage[0].resources, kept.coverage[0].is_complete()), (2, true));
}

#[test]
fn what_was_exported_comes_back() {
    let (summary, kept) = run(&[examples()]);
    let folder = tempfile::tempdir().unwrap();
    for name in ["out.json", "out.json.gz"] {
        let path = folder.path().join(name);
        let head = SnapshotHead {
            id: "it's \"mine\"",
            coverage: &summary.coverage,
            accounts: &summary.accounts,
            organization: summary.organization.as_deref(),
        };
        assert_eq!(export_snapshot(&path, &head, &kept.items).unwrap(), summary.items);
        let (again, back) = run(&[path]);
        assert_eq!(again, ImportSummary { files: 1, skipped: Vec::new(), ..summary.clone() });
        let values = |items: &[ConfigurationItem]| items.iter().map(ConfigurationItem::to_value).collect::<Vec<_>>();
        assert_eq!(values(&kept.items), values(&back.items));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing unfinished is left");
    let nobody = NamedAccount { id: AccountId::parse("123456789012").unwrap(), name: None, ou_path: None };
    let path = folder.path().join("empty.json");
    let head = SnapshotHead { id: "x", coverage: &[], accounts: std::slice::from_ref(&nobody), organization: None };
    assert_eq!(export_snapshot(&path, &head, &[] as &[ConfigurationItem]).unwrap(), 0);
    assert_eq!(run(&[path]).0.accounts, [nobody]);
}
