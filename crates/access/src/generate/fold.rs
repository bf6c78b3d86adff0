//! Names of resources, folded as far as there are too many of them: objects to their folders, folders to what is above
//! them, at last all of a type. What comes out depends on the names only, not on their order.

use std::collections::BTreeSet;

/// How far names are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Exact,
    /// `notes/a/b/c` is `notes/a/b/*`.
    Folder,
    /// `notes/a/*`.
    Above,
    /// `notes/*`: of a type with two names, the first.
    First,
    /// All of the type, in one account and region.
    Kind,
    Everything,
}

impl Stage {
    fn next(self) -> Stage {
        match self {
            Stage::Exact => Stage::Folder,
            Stage::Folder => Stage::Above,
            Stage::Above => Stage::First,
            Stage::First => Stage::Kind,
            Stage::Kind | Stage::Everything => Stage::Everything,
        }
    }
}

/// The names of resources of one type, at most so many.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The form of the type's ARNs.
    template: Box<str>,
    stage: Stage,
    names: BTreeSet<Box<str>>,
}

impl Names {
    /// No more names than that are kept as they are.
    pub const MOST: usize = 4096;

    pub fn of(template: &str) -> Names {
        Names { template: template.into(), stage: Stage::Exact, names: BTreeSet::new() }
    }

    /// Takes a name as a pattern of policies.
    pub fn add(&mut self, name: &str) {
        let name = self.folded(name, Stage::Exact, self.stage);
        if !self.names.contains(&*name) {
            self.names.insert(name.into());
            self.fold_to(Names::MOST);
        }
    }

    pub fn merge(&mut self, other: Names) {
        let stage = self.stage.max(other.stage);
        self.fold_at_least(stage);
        for name in &other.names {
            let folded = self.folded(name, other.stage, stage);
            self.names.insert(folded.into());
        }
        self.fold_to(Names::MOST);
    }

    /// Folds until there are at most so many.
    pub fn fold_to(&mut self, most: usize) {
        while self.names.len() > most && self.stage < Stage::Everything {
            self.fold_at_least(self.stage.next());
        }
    }

    pub fn fold_at_least(&mut self, stage: Stage) {
        if stage > self.stage {
            let names = std::mem::take(&mut self.names);
            self.names = names.iter().map(|name| self.folded(name, self.stage, stage).into()).collect();
            self.stage = stage;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// A name that is folded to one stage, folded to a later one: stage by stage, so that the way does not matter.
    fn folded(&self, name: &str, from: Stage, to: Stage) -> String {
        let mut name = name.to_owned();
        let mut at = from;
        while at < to {
            at = at.next();
            name = self.fold_one(&name, at);
        }
        name
    }

    fn fold_one(&self, arn: &str, stage: Stage) -> String {
        if stage == Stage::Everything {
            return "*".to_owned();
        }
        let Some((head, resource)) = split(arn) else { return arn.to_owned() };
        let literal = self.literal();
        let Some(name) = resource.strip_prefix(literal) else { return arn.to_owned() };
        let segments: Vec<&str> = name.split('/').collect();
        let folded = match stage {
            Stage::Folder if segments.len() > 1 => format!("{}/*", segments[..segments.len() - 1].join("/")),
            Stage::Above if segments.len() > 2 => format!("{}/{}/*", segments[0], segments[1]),
            Stage::First if segments.len() > 1 && self.has_two_names() => format!("{}/*", segments[0]),
            Stage::First | Stage::Kind => "*".to_owned(),
            _ => return arn.to_owned(),
        };
        // A type with two names is not folded below its first one before all others are.
        if stage == Stage::First && self.has_two_names() && segments.len() <= 1 {
            return arn.to_owned();
        }
        format!("{head}{literal}{folded}")
    }

    /// What all names of the type begin with.
    fn literal(&self) -> &str {
        let resource = split(&self.template).map_or("", |(_, resource)| resource);
        resource.split("${").next().unwrap_or_default()
    }

    fn has_two_names(&self) -> bool {
        split(&self.template).is_some_and(|(_, resource)| resource.contains("}/${"))
    }
}

/// An ARN's first five parts with their colons, and its resource.
fn split(arn: &str) -> Option<(&str, &str)> {
    let (at, _) = arn.match_indices(':').nth(4)?;
    Some((&arn[..=at], &arn[at + 1..]))
}

/// A literal name as a pattern: its wildcards and dollars stand for themselves. AWS takes no letters beyond Latin-1 in a
/// policy, which names of objects may have: a star stands for those.
pub(crate) fn literal(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '*' | '?' | '$' => {
                pattern.push_str("${");
                pattern.push(letter);
                pattern.push('}');
            }
            ' '..='\u{7e}' | '\u{a0}'..='\u{ff}' => pattern.push(letter),
            _ if pattern.ends_with('*') => {}
            _ => pattern.push('*'),
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OBJECT: &str = "arn:${Partition}:s3:::${BucketName}/${ObjectName}";
    const FUNCTION: &str = "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}";
    const PARAMETER: &str = "arn:${Partition}:ssm:${Region}:${Account}:parameter/${ParameterNameWithoutLeadingSlash}";

    #[test]
    fn names_fold_stage_by_stage() {
        #[track_caller]
        fn check(template: &str, name: &str, expected: [&str; 5]) {
            let names = Names::of(template);
            let stages = [Stage::Folder, Stage::Above, Stage::First, Stage::Kind, Stage::Everything];
            let found: Vec<String> = stages.iter().map(|stage| names.folded(name, Stage::Exact, *stage)).collect();
            assert_eq!(found, expected);
        }
        check(
            OBJECT,
            "arn:aws:s3:::notes/a/b/c.txt",
            ["arn:aws:s3:::notes/a/b/*", "arn:aws:s3:::notes/a/*", "arn:aws:s3:::notes/*", "arn:aws:s3:::*", "*"],
        );
        check(
            OBJECT,
            "arn:aws:s3:::notes/c.txt",
            ["arn:aws:s3:::notes/*", "arn:aws:s3:::notes/*", "arn:aws:s3:::notes/*", "arn:aws:s3:::*", "*"],
        );
        let one = "arn:aws:lambda:eu-west-1:111122223333:function:a";
        let all = "arn:aws:lambda:eu-west-1:111122223333:function:*";
        check(FUNCTION, one, [one, one, all, all, "*"]);
        let head = "arn:aws:ssm:eu-west-1:111122223333:parameter/";
        let of = |name: &str| format!("{head}{name}");
        check(PARAMETER, &of("app/db/password"), [&of("app/db/*"), &of("app/db/*"), &of("*"), &of("*"), "*"]);
    }

    #[test]
    fn wildcards_in_names_are_literal() {
        assert_eq!(literal("a*b?${x}"), "a${*}b${?}${$}{x}");
        assert_eq!(literal("메모/1\n é.txt"), "*/1* é.txt");
    }

    proptest! {
        #[test]
        fn the_order_and_the_split_of_names_do_not_matter(
            keys in proptest::collection::vec("[ab]/[abc]{1,2}/[a-d]{1,2}", 1..60), most in 1_usize..8, at in 0_usize..60
        ) {
            let fill = |keys: &mut dyn Iterator<Item = &String>| {
                let mut names = Names::of(OBJECT);
                keys.for_each(|key| { names.add(&format!("arn:aws:s3:::{key}")); names.fold_to(most); });
                names
            };
            let whole = fill(&mut keys.iter());
            let reversed = fill(&mut keys.iter().rev());
            let mut merged = fill(&mut keys.iter().take(at));
            merged.merge(fill(&mut keys.iter().skip(at)));
            merged.fold_to(most);
            prop_assert_eq!(&whole.names, &reversed.names);
            prop_assert_eq!(&whole.names, &merged.names);
            prop_assert!(whole.names.len() <= most);
            for key in &keys {
                let arn = format!("arn:aws:s3:::{key}");
                prop_assert!(whole.iter().any(|name| haechi_iam::pattern::matches_resource(name, &arn)), "{arn}");
            }
        }
    }
}
