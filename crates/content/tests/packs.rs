//! Conformance packs: the grammar in both forms, what is refused and where, and the public corpus.

use std::collections::BTreeMap;
use std::path::PathBuf;

use haechi_content::pack::{Frequency, Owner};
use haechi_content::{Content, Pack, ParameterValues, ResolvedPack, Standing};

const PACK: &str = r#"
Parameters:
  Age: {Default: '90', Type: String}
  Bucket: {Default: '', Type: String}
  Strict: {Type: String, AllowedValues: [true, no], Default: true}
Conditions:
  bucket: {Fn::Not: [{Fn::Equals: ['', {Ref: Bucket}]}]}
  strict: !Equals [!Ref Strict, 'true']
  both: !And [!Condition bucket, Condition: strict]
  either: !Or [Condition: both, !Not [!Condition bucket]]
Resources:
  Keys:
    Type: AWS::Config::ConfigRule
    Controls: ['3562', "41"]
    Properties:
      ConfigRuleName: access-keys-rotated
      Description: keys
      InputParameters: {maxAccessKeyAge: {Fn::If: [strict, {Ref: Age}, {Ref: AWS::NoValue}]}}
      MaximumExecutionFrequency: Six_Hours
      Source: {Owner: AWS, SourceIdentifier: ACCESS_KEYS_ROTATED}
  Logging:
    Type: AWS::Config::ConfigRule
    Condition: either
    Properties:
      ConfigRuleName: !Sub 'logging-${AWS::Region}-${Age}-${!x}'
      InputParameters: !If [bucket, {targetBucket: !Ref Bucket, targetPrefix: 7, a: Yes, b: '1', c: 1.50}, !Ref AWS::NoValue]
      Scope: {ComplianceResourceTypes: [AWS::S3::Bucket], TagKey: env, TagValue: !Join ['', [pro, d]]}
      Source: {Owner: AWS, SourceIdentifier: S3_BUCKET_LOGGING_ENABLED}
  Guard:
    Type: AWS::Config::ConfigRule
    Properties:
      EvaluationModes: [{Mode: DETECTIVE}]
      InputParameters: '{"x": 1, "y": "z"}'
      Source:
        Owner: CUSTOM_POLICY
        SourceDetails: [{EventSource: aws.config}]
        CustomPolicyDetails: {PolicyRuntime: guard-2.x.x, PolicyText: "rule r { a exists }"}
  Fix:
    Type: AWS::Config::RemediationConfiguration
    DependsOn: Logging
    Properties: {ConfigRuleName: access-keys-rotated, TargetId: AWS-X, TargetType: SSM_DOCUMENT, Automatic: true}
Surprise: [1, two]
"#;

fn values() -> ParameterValues {
    ParameterValues { region: Some("eu-west-1".into()), ..ParameterValues::default() }
}

fn resolve(text: &str, values: &ParameterValues) -> Result<ResolvedPack, Vec<String>> {
    let told = |errors: Vec<haechi_content::PackError>| {
        let line = |error: &haechi_content::PackError| {
            format!("{} | {}", error.short(), error.help.as_deref().unwrap_or_default())
        };
        errors.iter().map(line).collect::<Vec<_>>()
    };
    Pack::parse(text, "p.yaml").map_err(told)?.resolve(values).map_err(told)
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn conditions_and_functions_in_both_forms() {
    let pack = resolve(PACK, &values()).unwrap();
    assert_eq!(pack.name, "p");
    assert_eq!(pack.parameters, map(&[("Age", "90"), ("Bucket", ""), ("Strict", "true")]));
    let [keys, logging, guard] = &pack.rules[..] else { panic!("{:?}", pack.rules.len()) };
    assert_eq!(keys.parameters, map(&[("maxAccessKeyAge", "90")]));
    assert_eq!((keys.frequency, keys.position.to_string()), (Some(Frequency::SixHours), "12:3".to_owned()));
    assert_eq!(keys.controls, ["3562", "41"]);
    assert_eq!(logging.config_rule_name, "logging-eu-west-1-90-${x}");
    assert_eq!(logging.parameters, map(&[]));
    let scope = logging.scope.as_ref().unwrap();
    assert_eq!((scope.resource_types.len(), scope.tag_value.as_deref()), (1, Some("prod")));
    assert_eq!((guard.owner, guard.config_rule_name.as_str()), (Owner::CustomPolicy, "Guard"));
    assert_eq!(guard.custom_policy.as_ref().unwrap().runtime, "guard-2.x.x");
    assert_eq!(guard.parameters, map(&[("x", "1"), ("y", "z")]));
    assert_eq!(guard.evaluation_modes, ["DETECTIVE"]);
    assert_eq!((pack.remediations[0].target_id.as_str(), pack.remediations[0].automatic), ("AWS-X", true));

    let pack = resolve(PACK, &values().with("Bucket", "logs").with("Age", "30")).unwrap();
    let expected = [("targetBucket", "logs"), ("targetPrefix", "7"), ("a", "true"), ("b", "1"), ("c", "1.50")];
    assert_eq!(pack.rules[1].parameters, map(&expected));
    assert_eq!(pack.rules[0].parameters, map(&[("maxAccessKeyAge", "30")]));

    let pack = resolve(PACK, &values().with("Bucket", "logs").with("Strict", "false")).unwrap();
    assert_eq!(pack.skipped[0].logical_id, "Logging");
    assert_eq!(pack.rules[0].parameters, map(&[]));
    assert_eq!(Pack::parse(PACK, "p").unwrap().extra()["Surprise"], serde_json::json!([1, "two"]));
}

#[test]
fn json_is_read_too() {
    let json = r#"{
	"Parameters": {"P": {"Type": "Number", "Default": 5, "MinValue": 1, "MaxValue": 9}},
	"Resources": {"R": {"Type": "AWS::Config::ConfigRule", "Properties": {
		"InputParameters": {"n": {"Ref": "P"}, "b": true, "u": "\ud83d\ude00\/"},
		"Source": {"Owner": "AWS", "SourceIdentifier": "X"}}}}
}"#;
    let pack = resolve(json, &values()).unwrap();
    assert_eq!(pack.rules[0].parameters, map(&[("n", "5"), ("b", "true"), ("u", "\u{1f600}/")]));
    let error = resolve(json, &values().with("P", "10")).unwrap_err();
    assert_eq!(error, ["p.yaml:2:17: the parameter `P` cannot be `10`: it is 1 to 9 | "]);
}

/// The pack with one part replaced gives this error among its errors.
fn check(from: &str, to: &str, expected: &str) {
    assert!(PACK.contains(from), "{from}");
    let errors = resolve(&PACK.replacen(from, to, 1), &values()).unwrap_err();
    assert!(errors.iter().any(|error| error == expected), "expected {expected}\ngot {errors:#?}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (from, to, expected) in [
        ("Ref: Age", "Ref: Aeg", "p.yaml:18:66: there is no parameter `Aeg` | did you mean `Age`?"),
        (
            "Fn::If: [strict,",
            "Fn::If: [strickt,",
            "p.yaml:18:52: there is no condition `strickt` | did you mean `strict`?",
        ),
        (
            "Fn::If:",
            "Fn::Iff:",
            "p.yaml:18:43: the function `Fn::Iff` is not known in conformance packs | did you mean `Fn::If`?",
        ),
        (
            "!Ref Bucket,",
            "!GetAtt Bucket.Arn,",
            "p.yaml:26:52: the function `Fn::GetAtt` is not known in conformance packs | known are: Ref, Fn::If, Fn::Sub, Fn::Join, Fn::Equals, Fn::Not, Fn::And, Fn::Or, Condition",
        ),
        ("[!Ref Strict, 'true']", "[!Ref Strict]", "p.yaml:8:11: `Fn::Equals` takes two values | "),
        (
            "Condition: either",
            "Condition: eithr",
            "p.yaml:23:16: there is no condition `eithr` | did you mean `either`?",
        ),
        (
            "both: !And [!Condition bucket,",
            "both: !And [!Condition either,",
            "p.yaml:9:3: the condition `both` needs itself, by way of others | ",
        ),
        (
            "{Default: '90', Type: String}",
            "{Type: String}",
            "p.yaml:3:3: the parameter `Age` has no default and no value is given | give one: --param Age=VALUE",
        ),
        (
            "Default: true}",
            "Default: maybe}",
            "p.yaml:5:3: the parameter `Strict` cannot be `maybe`: it is one of: true, false | ",
        ),
        (
            "Six_Hours",
            "Weekly",
            "p.yaml:19:34: `Weekly` is no frequency of AWS Config: One_Hour, Three_Hours, Six_Hours, Twelve_Hours, TwentyFour_Hours | ",
        ),
        ("Owner: AWS,", "Owner: ASW,", "p.yaml:20:23: `ASW` owns no rules | one of: AWS, CUSTOM_LAMBDA, CUSTOM_POLICY"),
        (", SourceIdentifier: ACCESS_KEYS_ROTATED", "", "p.yaml:20:15: `SourceIdentifier` is missing | "),
        ("AWS::S3::Bucket]", "Bucket]", "p.yaml:27:41: `Bucket` is not a resource type such as AWS::S3::Bucket | "),
        (
            "${AWS::Region}",
            "${AWS::AccountId}",
            "p.yaml:25:23: `AWS::AccountId` has no value here | resolve the pack for an account and a region",
        ),
        ("Resources:", "resources:", "p.yaml:2:1: the template has no `Resources` | `resources` is spelt `Resources`"),
        (
            "    Type: AWS::Config::ConfigRule\n    Controls",
            "    Controls",
            "p.yaml:12:3: the resource `Keys` has no `Type` | ",
        ),
        (
            "ConfigRuleName: access-keys-rotated\n",
            "ConfigRuleName: access-keys-rotated\n      ConfigRuleName: b\n",
            "p.yaml:17:7: the key `ConfigRuleName` stands here a second time | ",
        ),
    ] {
        check(from, to, expected);
    }
    let error = resolve(PACK, &values().with("Agee", "1")).unwrap_err();
    assert_eq!(error, ["p.yaml: the pack `p` has no parameter `Agee` | did you mean `Age`?"]);
}

#[test]
fn hostile_files_end_in_an_error() {
    let first = |text: &str| Pack::parse(text, "p").unwrap_err()[0].short();
    assert!(first(&PACK[..PACK.len() / 2]).starts_with("p:"), "{}", first(&PACK[..PACK.len() / 2]));
    assert!(first(&"[".repeat(10_000)).contains("nested more than 64 deep"));
    assert!(first(&" ".repeat(50 << 20)).contains("at most 4194304 are read"));
    assert!(first(&format!("Resources: {{{}", "a: {".repeat(10_000))).contains("nested more than 64 deep"));
    assert!(first("just text").contains("is a map with `Resources`"));
    let error = Pack::from_bytes(b"Resources:\n  \xff".to_vec(), "p").unwrap_err();
    assert!(error[0].short().contains("line 2 is not valid UTF-8"));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", ")));
    }
    assert!(first(&bomb).contains("unfolds to more than 400000 values"));
    // A chain of conditions is not a tower of calls.
    let mut chain = String::from("Conditions:\n  c0: !Equals [a, a]\n");
    for level in 1..20_000 {
        chain.push_str(&format!("  c{level}: !Not [!Condition c{}]\n", level - 1));
    }
    assert!(resolve(&format!("{chain}Resources: {{}}\n"), &values()).is_ok());
    // Very many errors, all on one line: a hundred are told.
    let many = format!("Resources: {{R: {{Type: T, Properties: [{}]}}}}", "!Ref Nothing,".repeat(100_000));
    assert_eq!(Pack::parse(&many, "p").unwrap_err().len(), 100);
    let many: String = (0..50_000).map(|one| format!("R{one}: {{Tpe: T}}, ")).collect();
    assert_eq!(Pack::parse(&format!("Resources: {{{many}}}"), "p").unwrap_err().len(), 100);
    // One large value, referred to again and again.
    let mut large = format!("Parameters: {{P: {{Type: String, Default: '{}'}}}}\nResources:\n", "x".repeat(1 << 20));
    for rule in 0..100 {
        large.push_str(&format!("  r{rule}: {{Type: T, Properties: {{a: !Ref P}}}}\n"));
    }
    assert!(resolve(&large, &values()).unwrap_err()[0].contains("unfolds to more than 16777216 bytes"));
    // Every place torn off: an error, never a panic.
    for end in (0..PACK.len()).filter(|end| PACK.is_char_boundary(*end)) {
        if let Ok(pack) = Pack::parse(&PACK[..end], "p") {
            let _ = pack.resolve(&values());
        }
    }
}

#[test]
fn any_change_of_a_pack_is_read_or_refused() {
    use proptest::prelude::*;
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) };
    proptest!(config, |(at in 0..PACK.len(), skip in 0..40usize, put in "[ -~\n]{0,12}")| {
        let end = (at + skip).min(PACK.len());
        let changed = PACK.get(..at).zip(PACK.get(end..)).map(|(before, after)| format!("{before}{put}{after}"));
        if let Some(Ok(pack)) = changed.map(|text| Pack::parse(&text, "p")) {
            let _ = pack.resolve(&values());
        }
    });
}

#[test]
fn rules_that_haechi_lacks_are_told_from_slips() {
    let content = Content::embedded();
    let pack =
        PACK.replace("S3_BUCKET_LOGGING_ENABLED", "S3_BUCKET_LOGING_ENABLED").replace("maxAccessKeyAge:", "maxAge:");
    let pack = resolve(&pack, &values().with("Bucket", "")).unwrap();
    let found: Vec<_> = pack.lint(&content).iter().map(|one| format!("{} | {:?}", one.short(), one.help)).collect();
    assert_eq!(found[0], "p.yaml:18:25: the rule ACCESS_KEYS_ROTATED has no parameter `maxAge` | None");
    let slip = "p.yaml:28:46: AWS Config has no managed rule `S3_BUCKET_LOGING_ENABLED` | \
        Some(\"did you mean `S3_BUCKET_LOGGING_ENABLED`?\")";
    assert_eq!(found.last().unwrap(), slip);
    assert!(matches!(content.standing("AWS_CONFIG_PROCESS_CHECK"), Standing::Attested(_)));
    assert!(matches!(content.standing("REQUIRED_TAGS"), Standing::Lacking(_) | Standing::Implemented(_)));
    assert!(matches!(pack.rules[2].standing(&content), Standing::Custom));
}

/// The public packs, where they are at hand.
fn corpus() -> Option<Vec<PathBuf>> {
    let Some(root) = std::env::var_os("HAECHI_CORPUS") else {
        eprintln!("skipped: HAECHI_CORPUS is not set");
        return None;
    };
    let folder = PathBuf::from(root).join("conformance-packs");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"));
    files.sort();
    Some(files)
}

#[test]
fn every_public_pack_loads_and_resolves() {
    let Some(files) = corpus() else { return };
    let content = Content::embedded();
    let (mut rules, mut skipped, mut remediations, mut owned_by_aws, mut lints) = (0, 0, 0, 0, Vec::new());
    let mut listing = String::new();
    for file in &files {
        let pack = Pack::load(file).unwrap_or_else(|errors| panic!("{}", errors[0]));
        // The one parameter without a default that is not about a rule is an ARN.
        let mut values = values();
        for parameter in pack.parameters().iter().filter(|parameter| parameter.default.is_none()) {
            values = values.with(&parameter.name, "given");
        }
        let resolved = pack.resolve(&values).unwrap_or_else(|errors| panic!("{}", errors[0]));
        rules += resolved.rules.len();
        skipped += resolved.skipped.len();
        remediations += resolved.remediations.len();
        owned_by_aws += resolved.rules.iter().filter(|rule| rule.owner == Owner::Aws).count();
        lints.extend(resolved.lint(&content).iter().map(|lint| lint.short()));
        for rule in &resolved.rules {
            let name = file.file_name().unwrap().to_string_lossy();
            let parameters = serde_json::to_string(&rule.parameters).unwrap();
            let types = rule.scope.as_ref().map(|scope| scope.resource_types.clone()).unwrap_or_default();
            let types = serde_json::to_string(&types).unwrap();
            listing.push_str(&format!(
                "{name}\t{}\t{}\t{}\t{parameters}\t{types}\n",
                rule.logical_id, rule.config_rule_name, rule.identifier
            ));
        }
    }
    if let Some(path) = std::env::var_os("HAECHI_PACK_LISTING") {
        std::fs::write(path, listing).unwrap();
    }
    assert_eq!((files.len(), rules + skipped, remediations), (122, 8214, 5));
    assert_eq!(owned_by_aws + skipped, 8213, "one rule is a function of the user's own");
    eprintln!("{}", lints.join("\n"));
    assert!(lints.len() < 40, "{} lints:\n{}", lints.len(), lints.join("\n"));
}
