//! The form of a type's ARNs: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.

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
        // Without an early end, which the processor does many bytes at a time.
        let is_plain = !pattern.bytes().fold(false, |found, byte| found | matches!(byte, b'*' | b'?' | b'$'));
        if is_plain && let Some(fits) = self.is_met(pattern) {
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
    /// Whether an ARN is of this type, part by part; none: one of the two is no ARN.
    fn is_met(self, arn: &str) -> Option<bool> {
        if !self.0.starts_with("arn:") || !arn.starts_with("arn:") {
            return None;
        }
        let (mut own, mut told) = (self.0.splitn(6, ':'), arn.splitn(6, ':'));
        let mut is_met = true;
        for _ in 0..6 {
            let (own, told) = (own.next()?, told.next()?);
            is_met = is_met && part_matches(own, told);
        }
        Some(is_met)
    }
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
