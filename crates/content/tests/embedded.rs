//! What Haechi ships with: every file is loaded, and the rules of AWS's names keep to AWS's table.

use haechi_content::{Content, ManagedRules, Pack, ParameterType, ParameterValues, RuleFile, RuleScope, Standing};

#[test]
fn every_file_is_loaded() {
    let content = Content::embedded();
    let problems: Vec<_> = content.problems().iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn rules_of_aws_have_awss_trigger_and_parameters() {
    let content = Content::embedded();
    let mut wrong = Vec::new();
    for rule in content.rules() {
        if let Some(managed) = ManagedRules::known().get(&rule.file.id) {
            differences(&rule.file, managed, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differences(rule: &RuleFile, managed: &haechi_content::ManagedRule, wrong: &mut Vec<String>) {
    let id = &rule.id;
    if managed.trigger != Some(rule.trigger) {
        wrong.push(format!("{id}: AWS documents the trigger {:?}", managed.trigger));
    }
    for parameter in &managed.parameters {
        let Some(own) = rule.parameters.get(parameter.name) else {
            wrong.push(format!("{id}: the parameter {} is missing", parameter.name));
            continue;
        };
        if let Some(kind) = kind(parameter.kind)
            && !kind.contains(&own.kind)
        {
            wrong.push(format!("{id}: {} is of kind {} for AWS, {:?} here", parameter.name, parameter.kind, own.kind));
        }
    }
}

/// AWS's lists call some lists and truth values `String`.
fn kind(aws: &str) -> Option<&'static [ParameterType]> {
    match aws {
        "int" => Some(&[ParameterType::Int]),
        "double" => Some(&[ParameterType::Double]),
        "boolean" => Some(&[ParameterType::Boolean]),
        "CSV" => Some(&[ParameterType::Csv]),
        _ => None,
    }
}

/// `ACCESS_KEYS_ROTATED` and `maxAccessKeyAge` as AWS's own packs name such a parameter.
fn pack_parameter(rule: &str, name: &str) -> String {
    let mut first = name.chars();
    let head = first.next().map(|c| c.to_ascii_uppercase()).into_iter();
    format!("{}Param{}", camel(rule), head.chain(first).collect::<String>())
}

fn camel(id: &str) -> String {
    let word = |word: &str| word[..1].to_owned() + &word[1..].to_ascii_lowercase();
    id.split('_').filter(|part| !part.is_empty()).map(word).collect()
}

/// The pack that asks every rule with its defaults.
fn baseline(content: &Content) -> String {
    let mut parameters = String::new();
    let mut resources = String::new();
    for rule in content.rules() {
        let RuleFile { id, resources: types, parameters: own, scope, .. } = &rule.file;
        let name = kebab(id);
        resources.push_str(&format!("  {}:\n    Type: AWS::Config::ConfigRule\n    Properties:\n", camel(id)));
        resources.push_str(&format!("      ConfigRuleName: {name}\n"));
        let mut inputs = String::new();
        for (parameter, described) in own {
            let Some(default) = &described.default else { continue };
            let text = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            let named = pack_parameter(id, parameter);
            parameters
                .push_str(&format!("  {named}:\n    Default: '{}'\n    Type: String\n", text.replace('\'', "''")));
            inputs.push_str(&format!("        {parameter}:\n          Ref: {named}\n"));
        }
        if !inputs.is_empty() {
            resources.push_str(&format!("      InputParameters:\n{inputs}"));
        }
        if *scope == RuleScope::Resource {
            resources.push_str("      Scope:\n        ComplianceResourceTypes:\n");
            types.iter().for_each(|one| resources.push_str(&format!("        - {one}\n")));
        }
        resources.push_str(&format!("      Source:\n        Owner: AWS\n        SourceIdentifier: {id}\n"));
    }
    format!(
        "# Every rule that Haechi has, with its default parameters. Made by the test of crates/content that compares it:\n\
         # HAECHI_UPDATE=1 cargo test -p haechi-content --test embedded\n\
         Parameters:\n{parameters}Resources:\n{resources}"
    )
}

fn kebab(id: &str) -> String {
    id.to_ascii_lowercase().replace('_', "-")
}

#[test]
fn the_baseline_pack_holds_every_rule() {
    let content = Content::embedded();
    let wanted = baseline(&content);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../content/packs/haechi-baseline.yaml");
    if std::env::var_os("HAECHI_UPDATE").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == wanted, "content/packs/haechi-baseline.yaml is stale: run this test with HAECHI_UPDATE=1");
    let pack = Pack::parse(&written, "haechi-baseline.yaml").unwrap();
    let resolved = pack.resolve(&ParameterValues::default()).unwrap();
    assert_eq!(resolved.rules.len(), content.rules().len());
    assert!(resolved.lint(&content).is_empty());
    for rule in &resolved.rules {
        assert!(matches!(rule.standing(&content), Standing::Implemented(_)), "{}", rule.identifier);
    }
}
