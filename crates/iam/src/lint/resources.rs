//! Checks of `Resource` and `NotResource`: the six fields of ARNs against the forms that the services document.

use super::actions::redundant;
use super::document::Statement;
use super::regions::{is_partition, is_region, partitions, regions};
use super::{Check, LintKind, Out, Run, nearest};
use crate::catalogue::{ArnTemplate, Catalogue};
use crate::pattern::{Case, overlaps};
use crate::position::Span;
use crate::value::arn_parts;

pub(super) fn check(run: &Run<'_, '_, '_>, statement: &Statement<'_>, out: &mut Out<'_>) {
    let Some(element) = statement.resource.as_ref().filter(|_| run.kind != LintKind::Trust) else { return };
    let patterns: Vec<(&str, Span)> = element.texts().collect();
    for &(pattern, span) in &patterns {
        arn(run, pattern, span, out);
    }
    redundant(&patterns, Case::Sensitive, Check::RedundantResource, out);
}

fn open(part: &str) -> bool {
    part.contains(['*', '?', '$'])
}

fn arn(run: &Run<'_, '_, '_>, pattern: &str, span: Span, out: &mut Out<'_>) {
    if !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*') {
        return;
    }
    let first = pattern.split(':').next().unwrap_or_default();
    if first != "arn" && !(open(first) && overlaps(&ArnPattern(first).stars(), "arn", Case::Sensitive)) {
        out.find_named(Check::InvalidArnPrefix, span, "resource", pattern);
        return;
    }
    // A variable may have a colon of its own.
    let stars = ArnPattern(pattern).stars();
    let Some(parts) = arn_parts(&stars) else {
        // Missing fields at the end are filled by a star: `arn:aws:s3*`.
        if !pattern.ends_with('*') && !open(first) {
            out.find_named(Check::MissingArnField, span, "resource", pattern);
        }
        return;
    };
    let [_, partition, service, region, account, resource] = parts;
    if !open(partition) && !is_partition(partition) {
        let meant = nearest(partition, partitions());
        out.find_with(Check::InvalidPartition, span, vec![("partition", super::clip(partition))], meant);
    }
    if open(service) {
        return;
    }
    if service.bytes().any(|byte| byte.is_ascii_uppercase()) && known(run, &service.to_ascii_lowercase()) {
        out.find_named(Check::InvalidArnServiceCase, span, "service", service);
        return;
    }
    let Some(templates) = run.linter.templates.get(service) else {
        if !known(run, service) {
            let meant = nearest(service, run.linter.templates.keys().copied());
            out.find_with(Check::InvalidService, span, vec![("service", super::clip(service))], meant);
        }
        return;
    };
    if let Some(limits) = run.resource.filter(|_| run.kind == LintKind::Resource)
        && !limits.services.contains(&service)
    {
        out.find_named(Check::UnsupportedResourceArnInPolicy, span, "resource", pattern);
        return;
    }
    let fitting: Vec<[String; 6]> = templates.iter().filter_map(|template| fits(*template, resource)).collect();
    if fitting.is_empty() {
        out.find_named(Check::InvalidArnResource, span, "resource", pattern);
        return;
    }
    field(&fitting, pattern, region, span, &REGION, out);
    field(&fitting, pattern, account, span, &ACCOUNT, out);
}

fn known(run: &Run<'_, '_, '_>, service: &str) -> bool {
    let catalogue: &Catalogue = run.linter.catalogue;
    run.linter.templates.contains_key(service) || catalogue.service(service).is_some()
}

/// A part of an ARN in which variables are open.
struct ArnPattern<'p>(&'p str);

impl ArnPattern<'_> {
    fn stars(&self) -> String {
        let mut text = String::new();
        let mut rest = self.0;
        while let Some((before, after)) = rest.split_once("${") {
            text.push_str(before);
            text.push('*');
            rest = after.split_once('}').map_or("", |(_, rest)| rest);
        }
        text + rest
    }
}

/// The fields of a template as patterns, if its resource part can be this one.
fn fits(template: ArnTemplate<'_>, resource: &str) -> Option<[String; 6]> {
    let own = template.pattern();
    let parts = arn_parts(&own)?;
    overlaps(parts[5], &ArnPattern(resource).stars(), Case::Sensitive).then(|| parts.map(str::to_owned))
}

/// What is asked of the region or of the account of an ARN.
struct Field {
    at: usize,
    not_allowed: Check,
    invalid: Check,
    missing: Option<Check>,
    valid: fn(&str) -> bool,
}

const REGION: Field = Field {
    at: 3,
    not_allowed: Check::ArnRegionNotAllowed,
    invalid: Check::InvalidArnRegion,
    missing: Some(Check::MissingArnRegion),
    valid: is_region,
};

const ACCOUNT: Field = Field {
    at: 4,
    not_allowed: Check::ArnAccountNotAllowed,
    invalid: Check::InvalidArnAccount,
    missing: None,
    valid: |account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()),
};

fn field(fitting: &[[String; 6]], pattern: &str, value: &str, span: Span, field: &Field, out: &mut Out<'_>) {
    let forms = || fitting.iter().map(|parts| &*parts[field.at]);
    let literal = forms().any(|form| !form.is_empty() && form == value);
    if literal || open(value) {
        return;
    }
    if value.is_empty() {
        if let Some(missing) = field.missing
            && forms().all(|form| form == "*")
        {
            out.find_named(missing, span, "resource", pattern);
        }
    } else if forms().all(str::is_empty) {
        out.find_named(field.not_allowed, span, "resource", pattern);
    } else if !(field.valid)(value) {
        // Resources of AWS itself, such as managed policies, have `aws` for an account.
        if field.at == 4 && value == "aws" {
            return;
        }
        let meant = if field.at == 3 { nearest(value, regions()) } else { None };
        out.find_with(field.invalid, span, vec![("value", super::clip(value))], meant);
    }
}
