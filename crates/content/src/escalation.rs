//! The catalogue of escalation paths: one file of `content/iam/escalations` a path, with what it takes, what it
//! gives, what cuts it, and worlds that must and must not have it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::content::Origin;
use crate::embedded;
use crate::header::Header;
use crate::source::{Diagnostic, Source};
use crate::text::Text;
use crate::yaml::{Limits, from_node, read};

/// One file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Escalation {
    pub schema: u32,
    /// `lambda-001`; of a path in the public catalogue, its id there.
    pub id: String,
    pub source: EscalationSource,
    pub kind: EscalationKind,
    pub title: Text,
    /// The change that cuts it.
    pub fix: Text,
    /// Each is enough.
    pub ways: Vec<Way>,
    pub references: Vec<String>,
    pub examples: Vec<EscalationExample>,
}

/// Who listed the path first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EscalationSource {
    #[serde(rename = "pathfinding.cloud")]
    Pathfinding,
    #[serde(rename = "haechi")]
    Haechi,
}

/// What the caller does to get more rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EscalationKind {
    /// Passes a role to something.
    NewPassrole,
    /// Takes over something that has a role.
    ExistingPassrole,
    /// Raises its own rights.
    #[serde(rename = "self")]
    Own,
    /// Becomes another principal.
    Principal,
}

impl EscalationKind {
    /// Its name in machine output.
    pub const fn name(self) -> &'static str {
        match self {
            EscalationKind::NewPassrole => "new-passrole",
            EscalationKind::ExistingPassrole => "existing-passrole",
            EscalationKind::Own => "self",
            EscalationKind::Principal => "principal",
        }
    }
}

/// One way to take the path: all of its permissions are needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Way {
    pub gains: Gain,
    /// Only for callers of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<CallerOf>,
    /// Only roles of this kind are gained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub which: Option<RoleOf>,
    /// How far it reaches: the caller's account, without this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
    /// Services, one of which the role must trust.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<EscalationTarget>,
    /// What must hold besides and no record shows: the path is possible, not certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supposes: Option<Text>,
    pub permissions: Vec<Permission>,
}

/// What the caller has afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gain {
    /// The rights of a role.
    Role,
    /// The rights of a user.
    User,
    /// A role, with whatever policies the caller gives it.
    RaisedRole,
    RaisedUser,
    /// Whatever policies the caller gives itself.
    Rights,
    /// The policies of a group.
    Group,
    /// What another version of its policy allows.
    Version,
    /// Its own policies without the boundary.
    Boundary,
    /// Its own policies without its inline policies that deny.
    DeniesInline,
    /// Its own policies without its attached policies that deny.
    DeniesAttached,
    /// Its own policies without SCPs.
    Guardrails,
    /// A resource, not a principal.
    Resource,
    /// The root user of a member account.
    Root,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallerOf {
    User,
    Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleOf {
    /// Roles of permission sets.
    IdentityCenter,
    /// `OrganizationAccountAccessRole`, which AWS Organizations makes in new accounts.
    OrganizationAccess,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    Organization,
}

/// The recorded thing that must exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EscalationTarget {
    #[serde(rename = "type")]
    pub resource_type: String,
    /// Where its item names the role (or instance profile) that is gained: the first that is there. Without: the thing
    /// must be there, whatever role it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub role: Vec<String>,
}

/// An action, and what it must be allowed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Permission {
    pub action: String,
    /// A word (see [`On`]) or an ARN with `{region}`, `{account}` and `*`, for a thing that the caller names as it
    /// likes. Of several, all.
    pub on: OneOrMany,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one).iter(),
            OneOrMany::Many(many) => many.iter(),
        }
        .map(String::as_str)
    }
}

/// What an action must be allowed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// The role that is gained.
    Role,
    /// The user that is gained.
    User,
    /// The caller itself.
    Own,
    /// The recorded thing.
    Target,
    /// A customer managed policy of the caller, or of the role that is gained.
    Policy,
    /// A group: of the caller, or the one that is joined.
    Group,
    /// The identity provider that the role trusts.
    Provider,
    /// The resource that is gained.
    Resource,
    /// The root user that is gained.
    Root,
    /// `*`: the action has no resource types.
    Everything,
    /// Something of the caller's choice.
    Chosen(String),
}

impl On {
    /// Reads a word or an ARN.
    pub fn parse(text: &str) -> Option<On> {
        Some(match text {
            "role" => On::Role,
            "user" => On::User,
            "self" => On::Own,
            "target" => On::Target,
            "policy" => On::Policy,
            "group" => On::Group,
            "provider" => On::Provider,
            "resource" => On::Resource,
            "root" => On::Root,
            "*" => On::Everything,
            arn if arn.starts_with("arn:") => On::Chosen(arn.to_owned()),
            _ => return None,
        })
    }
}

/// A small world, and whether the caller has the path in it. Account 111122223333 has the role and the user `admin`,
/// who may do everything, the role `plain`, who may do little, and the caller `example`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EscalationExample {
    pub name: String,
    /// A user, without this.
    #[serde(default)]
    pub caller: Option<CallerOf>,
    /// Actions that the caller may do on everything.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Statements of the caller's policy.
    #[serde(default)]
    pub statements: Vec<Value>,
    /// The caller's policy is managed and attached, not inline.
    #[serde(default)]
    pub attached: bool,
    /// The statements of an older version of that policy.
    #[serde(default)]
    pub old_version: Vec<Value>,
    /// Statements of an inline policy beside it.
    #[serde(default)]
    pub inline_deny: Vec<Value>,
    /// Statements of the caller's permissions boundary.
    #[serde(default)]
    pub boundary: Vec<Value>,
    /// Statements of an SCP on the account.
    #[serde(default)]
    pub scp: Vec<Value>,
    /// Groups that the caller is in; they allow nothing of interest.
    #[serde(default)]
    pub groups: Vec<String>,
    /// There is a group `admins`, which may do everything, and the caller is not in it.
    #[serde(default)]
    pub strong_group: bool,
    /// Services that the roles trust.
    #[serde(default)]
    pub trusts: Vec<String>,
    #[serde(default)]
    pub trusts_caller: bool,
    #[serde(default)]
    pub trusts_account: bool,
    /// `saml`: the roles trust the SAML provider `corp`.
    #[serde(default)]
    pub trusts_provider: Option<String>,
    /// The role `plain` has a customer managed policy.
    #[serde(default)]
    pub managed_role: bool,
    /// Access keys of the user `admin`.
    #[serde(default)]
    pub keys: Option<usize>,
    /// Whether the user `admin` has a console password.
    #[serde(default)]
    pub login: Option<bool>,
    /// There is an administrator's role of IAM Identity Center.
    #[serde(default)]
    pub identity_center: bool,
    /// The account is a management account with a member; `access-role`: and that has OrganizationAccountAccessRole.
    #[serde(default)]
    pub member: Option<String>,
    /// Recorded things: `{type, arn, configuration}`.
    #[serde(default)]
    pub items: Vec<Value>,
    /// The ARN that the caller wants; without it, to be an administrator.
    #[serde(default)]
    pub to: Option<String>,
    pub expect: bool,
}

/// The catalogue that Haechi ships with, by id, and what is wrong with files that are left out.
pub fn escalations() -> (Vec<Escalation>, Vec<Diagnostic>) {
    let files = embedded::FILES.iter().filter(|(path, _)| path.starts_with("iam/escalations/"));
    let (mut known, mut problems) = (Vec::new(), Vec::new());
    for (path, text) in files {
        match read_escalation(path, text) {
            Ok(escalation) => known.push(escalation),
            Err(found) => problems.extend(found),
        }
    }
    known.sort_by(|left: &Escalation, right| left.id.cmp(&right.id));
    (known, problems)
}

/// Reads and checks one file.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_escalation(path: &str, text: &str) -> Result<Escalation, Vec<Diagnostic>> {
    let source = Source::new(path, text);
    let root = read(&source, Limits::CONTENT).map_err(|error| vec![error])?;
    let file: Escalation = from_node(&root, &source).map_err(|error| vec![error])?;
    let header = Header { root: &root, source: &source, origin: Origin::Embedded };
    let mut found = Vec::new();
    header.schema(file.schema, &mut found);
    header.file("escalation", &file.id, &file.id, &mut found);
    header.text(&["title"], &file.title, &mut found);
    header.text(&["fix"], &file.fix, &mut found);
    header.references(&file.references, &mut found);
    if file.references.is_empty() {
        found.push(header.at(&["references"], "a path has at least one reference"));
    }
    for (index, way) in file.ways.iter().enumerate() {
        let place = index.to_string();
        check_way(way, &header, &["ways", &place], &mut found);
    }
    let outcomes: BTreeSet<bool> = file.examples.iter().map(|example| example.expect).collect();
    if outcomes.len() != 2 || file.ways.is_empty() {
        found.push(header.at(&["examples"], "a path has a way, an example that has it and one that has not"));
    }
    if found.is_empty() { Ok(file) } else { Err(found) }
}

fn check_way(way: &Way, header: &Header<'_>, at: &[&str], found: &mut Vec<Diagnostic>) {
    if way.permissions.is_empty() {
        found.push(header.at(at, "a way takes at least one permission"));
    }
    if let Some(supposes) = &way.supposes {
        header.text(&[at[0], at[1], "supposes"], supposes, found);
    }
    let uses = |wanted: &On| {
        way.permissions
            .iter()
            .flat_map(|permission| permission.on.iter())
            .any(|on| On::parse(on).as_ref() == Some(wanted))
    };
    for permission in &way.permissions {
        if permission.action.split_once(':').is_none_or(|(service, name)| service.is_empty() || name.is_empty()) {
            found.push(header.at(at, format!("`{}` is not an action: write service:Name", permission.action)));
        }
        for on in permission.on.iter().filter(|on| On::parse(on).is_none()) {
            found.push(header.at(at, format!("`{on}` is neither an ARN nor a word for a resource")));
        }
    }
    if uses(&On::Target) && way.target.is_none() {
        found.push(header.at(at, "`on: target` needs a `target`"));
    }
    let passes = way.permissions.iter().any(|permission| permission.action == "iam:PassRole");
    if passes == way.trusts.is_empty() {
        found.push(header.at(at, "a way that passes a role names the services that the role `trusts`, others do not"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_loads_and_is_complete() {
        let (known, problems) = escalations();
        assert!(problems.is_empty(), "{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        // The public catalogue's paths by service, and those beyond it.
        let counts = [
            ("apprunner", 2),
            ("bedrock", 2),
            ("cloudformation", 5),
            ("codebuild", 4),
            ("datapipeline", 1),
            ("ec2", 4),
            ("ecs", 5),
            ("glue", 6),
            ("iam", 21),
            ("lambda", 6),
            ("sagemaker", 5),
            ("ssm", 2),
            ("sts", 1),
            ("x", 16),
        ];
        let mut wanted: BTreeSet<String> = counts
            .iter()
            .flat_map(|(service, count)| (1..=*count).map(move |number| (service, number)))
            .map(|(service, number)| match *service {
                "x" => format!("x-{number:02}"),
                service => format!("{service}-{number:03}"),
            })
            .collect();
        wanted.insert("ec2instanceconnect-003".to_owned());
        let ids: BTreeSet<String> = known.iter().map(|one| one.id.clone()).collect();
        assert_eq!(ids, wanted);
        assert_eq!(known.iter().filter(|one| one.source == EscalationSource::Pathfinding).count(), 65);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let good = embedded::text("iam/escalations/lambda-001.yaml");
        for (from, to, says) in [
            ("schema: 1", "schema: 2", "only schema 1"),
            ("on: \"role\"", "on: \"rule\"", "neither an ARN nor a word"),
            ("\"lambda:CreateFunction\", on", "\"CreateFunction\", on", "is not an action"),
            ("    trusts: [lambda.amazonaws.com]\n    perm", "    perm", "names the services"),
            ("gains: role", "gains: rolle", "rolle"),
        ] {
            assert!(good.contains(from), "{from}");
            let problems = read_escalation("lambda-001.yaml", &good.replace(from, to)).unwrap_err();
            assert!(problems.iter().any(|problem| problem.to_string().contains(says)), "{says}: {problems:?}");
        }
    }
}
