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
