//! What Haechi ships with: every file is loaded, and the rules of AWS's names keep to AWS's table.

use haechi_content::{Content, ManagedRules, ParameterType, RuleFile};

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
