//! What a file is, by its first part: a plan, a state, a template, or none of them.

/// The kinds of sources that this crate reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    TerraformPlan,
    TerraformState,
    CloudFormation,
}

/// Bytes that are looked at.
pub const SNIFFED: usize = 256 * 1024;

/// What a file is by its first [`SNIFFED`] bytes; none when it is none of ours.
pub fn kind_of(start: &[u8]) -> Option<Kind> {
    let start = &*crate::encoding::utf8(start);
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The window may end within a character.
        Err(error) if error.valid_up_to() + 4 > start.len() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return of_bytes(start),
    };
    match text.trim_start().bytes().next()? {
        b'{' => of_keys(&top_keys(text)),
        b'[' => None,
        _ => of_yaml(text),
    }
}

/// Text in another encoding whose first key still tells what was meant, so that the reader can say what is wrong.
fn of_bytes(start: &[u8]) -> Option<Kind> {
    let lossy = String::from_utf8_lossy(start);
    match lossy.trim_start().bytes().next()? {
        b'{' => of_keys(&top_keys(&lossy)),
        _ => of_yaml(&lossy),
    }
}

fn of_keys(keys: &[&str]) -> Option<Kind> {
    let has = |name: &str| keys.contains(&name);
    if ["configurationItems", "configurationItem", "fileVersion", "haechi", "Records", "resourceType"]
        .iter()
        .any(|key| has(key))
    {
        return None;
    }
    if has("planned_values") || has("resource_changes") || (has("format_version") && has("variables")) {
        return Some(Kind::TerraformPlan);
    }
    if (has("format_version") && has("values"))
        || (has("lineage") && has("version"))
        || (has("terraform_version") && has("version"))
    {
        return Some(Kind::TerraformState);
    }
    if has("format_version") && has("terraform_version") {
        return Some(Kind::TerraformPlan);
    }
    (has("AWSTemplateFormatVersion") || (has("Resources") && !has("configurationItems")))
        .then_some(Kind::CloudFormation)
}

/// The keys of the outermost object, as far as the text goes.
fn top_keys(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut keys, mut depth, mut at, mut wants_key) = (Vec::new(), 0usize, 0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                wants_key = depth == 1 && byte == b'{';
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => wants_key = true,
            b'"' => {
                let start = at + 1;
                at = start;
                while let Some(&inner) = bytes.get(at) {
                    match inner {
                        b'\\' => at += 1,
                        b'"' => break,
                        _ => {}
                    }
                    at += 1;
                }
                if wants_key && depth == 1 {
                    keys.extend(text.get(start..at.min(text.len())));
                    wants_key = false;
                }
            }
            _ => {}
        }
        at += 1;
    }
    keys
}

/// YAML is a template when its outermost keys say so.
fn of_yaml(text: &str) -> Option<Kind> {
    // The outermost keys may stand indented, all by as much as the first.
    let mut lines = text.lines().filter(|line| !line.starts_with(['-', '%']) || line.starts_with("- "));
    let first = lines.find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))?;
    let indent = &first[..first.len() - first.trim_start_matches(' ').len()];
    let key = |name: &str| {
        text.lines().filter_map(|line| line.strip_prefix(indent)).any(|line| {
            let line = line.trim_end();
            let plain = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(':'));
            let quoted = line.strip_prefix('"').and_then(|rest| rest.strip_prefix(name)?.strip_prefix("\":"));
            plain.or(quoted).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
        })
    };
    (key("AWSTemplateFormatVersion") || (key("Resources") && text.contains("Type:"))).then_some(Kind::CloudFormation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_content() {
        let check = |text: &str, want: Option<Kind>| assert_eq!(kind_of(text.as_bytes()), want, "{text}");
        check(
            r#"{"format_version":"1.2","terraform_version":"1.9.0","variables":{},"planned_values":{}}"#,
            Some(Kind::TerraformPlan),
        );
        check(
            r#"{"format_version":"1.0","terraform_version":"1.9.0","values":{"planned_values":1}}"#,
            Some(Kind::TerraformState),
        );
        check(r#"{"version":4,"terraform_version":"1.5.7","serial":1,"lineage":"x"}"#, Some(Kind::TerraformState));
        check(r#"{"Resources":{"a":{"Type":"AWS::S3::Bucket"}}}"#, Some(Kind::CloudFormation));
        check(r#"{"fileVersion":"1.0","configurationItems":[{"Resources":1}]}"#, None);
        check("AWSTemplateFormatVersion: '2010-09-09'\n", Some(Kind::CloudFormation));
        check("# x\nResources:\n  A:\n    Type: AWS::S3::Bucket\n", Some(Kind::CloudFormation));
        check("---\n\n  # x\n  AWSTemplateFormatVersion: '2010-09-09'\n  Resources: {}\n", Some(Kind::CloudFormation));
        check("%YAML 1.1\n---\n\"Resources\":\n  A:\n    Type: AWS::S3::Bucket\n", Some(Kind::CloudFormation));
        check("spec:\n  Resources:\n    A:\n      Type: AWS::S3::Bucket\n", None);
        check("- Resources:\n    Type: x\n", None);
        check("# nothing else\n", None);
        check("name: x\n", None);
        check("", None);
        check("{\"a\\", None);
        assert_eq!(kind_of(b"\xff\xfe\x00"), None);
        let plan = r#"{"format_version":"1.2","planned_values":{}}"#;
        let wide: Vec<u8> = std::iter::once(0xFEFF).chain(plan.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(kind_of(&wide), Some(Kind::TerraformPlan));
    }
}
