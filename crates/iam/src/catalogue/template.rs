//! The form of a type's ARNs: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Service;
use crate::pattern::{Case, overlaps};
use crate::value::arn_parts;

/// An ARN with variables in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArnTemplate<'c>(&'c str);

/// Whether a pattern of a policy can be an ARN of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArnMatch {
    /// Some ARN of the type is matched.
    Some,
    None,
}

impl<'c> ArnTemplate<'c> {
    pub(super) fn new(text: &'c str) -> ArnTemplate<'c> {
        ArnTemplate(text)
    }

    /// As AWS writes it.
    pub fn as_str(self) -> &'c str {
        self.0
    }

    /// The template as a pattern of policies: `arn:*:s3:::*/*`.
    pub fn pattern(self) -> String {
        let mut pattern = String::with_capacity(self.0.len());
        let mut rest = self.0;
        while let Some((before, after)) = rest.split_once("${") {
            pattern.push_str(before);
            pattern.push('*');
            rest = after.split_once('}').map_or("", |(_, rest)| rest);
        }
        pattern.push_str(rest);
        pattern
    }

    /// Whether an ARN of a policy, wildcards and variables in it, matches some ARN of this type.
    pub fn meets(self, pattern: &str) -> ArnMatch {
        // The ARN of an event or of a request: nothing has to be built.
        if is_plain(pattern)
            && let Some(fits) = self.is_met(pattern)
        {
            return if fits { ArnMatch::Some } else { ArnMatch::None };
        }
        let open = ArnTemplate(pattern).pattern();
        let own = self.pattern();
        let both = match (arn_parts(&own), arn_parts(&open)) {
            // Part by part: the template's stars do not cross a colon but in the last part.
            (Some(own), Some(other)) => (0..6).all(|at| {
                // The account or region of a template without a variable there is empty, and policies often say `*`.
                overlaps(own[at], other[at], Case::Sensitive)
            }),
            _ => overlaps(&own, &open, Case::Sensitive),
        };
        if both { ArnMatch::Some } else { ArnMatch::None }
    }
}

impl ArnTemplate<'_> {
    /// Whether an ARN is of this type, part by part; none: one of the two is no ARN. The first difference decides: a
    /// template has all parts (a test of the table), and a text with fewer can be none of its ARNs.
    fn is_met(self, arn: &str) -> Option<bool> {
        if !self.0.starts_with("arn:") || !arn.starts_with("arn:") {
            return None;
        }
        let (mut own, mut told) = (self.0.splitn(6, ':'), arn.splitn(6, ':'));
        for _ in 0..6 {
            let own = own.next()?;
            match told.next() {
                Some(told) if part_matches(own, told) => {}
                _ => return Some(false),
            }
        }
        Some(true)
    }
}

/// Whether there is no wildcard or variable in it: without an early end, which the processor does many bytes at a time.
fn is_plain(pattern: &str) -> bool {
    !pattern.bytes().fold(false, |found, byte| found | matches!(byte, b'*' | b'?' | b'$'))
}

/// The templates of a service's types, taken apart once to be held against many ARNs.
#[derive(Clone, Debug)]
pub struct ArnForms<'c>(Vec<Form<'c>>);

#[derive(Clone, Debug)]
struct Form<'c> {
    name: &'c str,
    template: ArnTemplate<'c>,
    /// None: no ARN.
    parts: Option<[Part<'c>; 6]>,
}

#[derive(Clone, Copy, Debug)]
enum Part<'c> {
    /// One variable and nothing else.
    Any,
    Literal(&'c str),
    Mixed(&'c str),
}

impl<'c> ArnForms<'c> {
    pub(super) fn new(kinds: impl Iterator<Item = (&'c str, ArnTemplate<'c>)>) -> ArnForms<'c> {
        let part = |text: &'c str| match variable(text) {
            None => Part::Literal(text),
            Some(("", "")) => Part::Any,
            Some(_) => Part::Mixed(text),
        };
        let forms = kinds.map(|(name, template)| {
            let parts = split(template.0).map(|parts| parts.map(part));
            Form { name, template, parts }
        });
        ArnForms(forms.collect())
    }

    /// Tells the types that an ARN is of, each with how close the form is.
    pub(super) fn each_of(&self, arn: &str, each: &mut dyn FnMut(&'c str, usize)) {
        let parts = is_plain(arn).then(|| split(arn)).flatten();
        for form in &self.0 {
            let is_met = match (&parts, &form.parts) {
                (Some(told), Some(own)) => own.iter().zip(told).all(|(own, told)| match own {
                    Part::Any => true,
                    Part::Literal(text) => text == told,
                    Part::Mixed(text) => part_matches(text, told),
                }),
                _ => form.template.meets(arn) == ArnMatch::Some,
            };
            if is_met {
                each(form.name, form.template.0.len());
            }
        }
    }
}

/// The forms of each service's ARNs, made when they are first asked for.
#[derive(Debug, Default)]
pub struct FormsByService<'c>(Mutex<HashMap<&'c str, Arc<ArnForms<'c>>>>);

impl<'c> FormsByService<'c> {
    pub fn of(&self, service: Service<'c>) -> Arc<ArnForms<'c>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(service.prefix()).or_insert_with(|| Arc::new(service.arn_forms())).clone()
    }
}

/// The six parts of an ARN.
fn split(arn: &str) -> Option<[&str; 6]> {
    let mut parts = arn.strip_prefix("arn:").map(|_| arn.splitn(6, ':'))?;
    let mut all = [""; 6];
    for part in &mut all {
        *part = parts.next()?;
    }
    Some(all)
}

/// Whether a text is of a template's part, whose variables may be any text.
fn part_matches(template: &str, text: &str) -> bool {
    let Some((head, mut template)) = variable(template) else { return template == text };
    let Some(mut rest) = text.strip_prefix(head) else { return false };
    // Each piece as far left as it can be; the last at the end.
    while let Some((piece, behind)) = variable(template) {
        let Some(at) = rest.find(piece) else { return false };
        (rest, template) = (&rest[at + piece.len()..], behind);
    }
    rest.ends_with(template)
}

/// What stands before and behind the first variable.
fn variable(template: &str) -> Option<(&str, &str)> {
    // No other dollars are in templates.
    let (before, after) = template.split_once('$').filter(|(_, after)| after.starts_with('{'))?;
    Some((before, after.split_once('}').map_or("", |(_, behind)| behind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Templates that were taken apart say the same.
    #[test]
    fn forms_are_met_as_templates_are() {
        let templates = [
            "arn:${Partition}:s3:::${Bucket}",
            "arn:${Partition}:s3:::${Bucket}/${Object}",
            "arn:${Partition}:lambda:${Region}:${Account}:function:${Name}:${Version}",
            "arn:${Partition}:lambda:${Region}:${Account}:function:${Name}",
            "arn:${Partition}:iam::aws:policy/x",
            "*",
        ];
        let arns = [
            "arn:aws:s3:::b",
            "arn:aws:s3:::b/a/b:c",
            "arn:aws:s3:::b/*",
            "arn:aws:lambda:eu-west-1:111122223333:function:f",
            "arn:aws:lambda:eu-west-1:111122223333:function:f:7",
            "arn:aws:iam::aws:policy/x",
            "arn:aws:s3",
            "b",
            "*",
            "",
        ];
        let forms = ArnForms::new(templates.into_iter().map(|template| (template, ArnTemplate(template))));
        for arn in arns {
            let mut found = Vec::new();
            forms.each_of(arn, &mut |name, _| found.push(name));
            let expected: Vec<&str> =
                templates.into_iter().filter(|text| ArnTemplate(text).meets(arn) == ArnMatch::Some).collect();
            assert_eq!(found, expected, "{arn}");
        }
    }

    /// An ARN without wildcards is met as its pattern is.
    #[test]
    fn parts_match_as_patterns_do() {
        let templates = ["", "a", "${X}", "a${X}", "${X}a", "a${X}b${Y}c", "${X}${Y}", "a${X}a", "${X}/${Y}", "a${X"];
        let texts = ["", "a", "aa", "ab", "aba", "a/b", "/", "abc", "axbyc", "abcabc", "acb", "a$b"];
        for template in templates {
            for text in texts {
                let expected = crate::pattern::matches(&ArnTemplate(template).pattern(), text, Case::Sensitive);
                assert_eq!(part_matches(template, text), expected, "{template} {text}");
            }
        }
    }
}
