//! The CloudFormation template of the audit role: with exactly the permissions that collecting needs, for a
//! service-managed StackSet that puts it into every account of an organization.

use std::fmt::Write as _;

use haechi_model::AccountId;
use serde_json::{Value, json};

use crate::doctor::audit_policy;
use crate::error::{Result, UserError};
use crate::live::USUAL_ROLE;

/// What the template says.
#[derive(Debug, Clone, Default)]
pub struct OrgSetup {
    /// The role's name; [`USUAL_ROLE`] when left out.
    pub role: Option<String>,
    pub external_id: Option<String>,
    /// The account that may take on the role.
    pub trusted_account: Option<String>,
    /// Or: whoever belongs to this organization.
    pub organization: Option<String>,
}

/// IAM's limits of a managed policy, in characters without white space, and of those that one role may have.
const LONGEST_POLICY: usize = 6_144;
const MOST_POLICIES: usize = 10;
/// CloudFormation takes so many bytes of a template that is not in S3.
const LONGEST_TEMPLATE: usize = 51_200;

/// The template as YAML, with the commands that deploy it in its head.
pub fn org_template(setup: &OrgSetup) -> Result<String> {
    let role = setup.role.as_deref().unwrap_or(USUAL_ROLE);
    check(setup, role)?;
    let policies = split(&audit_policy()?);
    if policies.len() > MOST_POLICIES {
        return Err(UserError::said("error-setup-policies").arg("policies", policies.len()));
    }
    let text = written(setup, role, &policies);
    if text.len() > LONGEST_TEMPLATE {
        return Err(UserError::said("error-setup-long").arg("bytes", text.len()));
    }
    Ok(text)
}

fn check(setup: &OrgSetup, role: &str) -> Result<()> {
    let wrong = |flag: &str, word: &str, why: &str| {
        Err(UserError::said("error-flag-word").arg("flag", flag).arg("word", word).because(why))
    };
    let sound = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    if role.is_empty() || role.len() > 60 || !sound(role, "+=,.@_-") {
        return wrong("role-name", role, "a role's name here has 1 to 60 letters, digits and +=,.@_-");
    }
    if let Some(id) = &setup.external_id
        && (!(2..=1224).contains(&id.len()) || !sound(id, "+=,.@:/_-"))
    {
        return wrong("external-id", id, "an external id has 2 to 1224 letters, digits and +=,.@:/_-");
    }
    if let Some(account) = &setup.trusted_account
        && let Err(error) = AccountId::parse(account)
    {
        return wrong("trusted-account", account, &error.to_string());
    }
    if let Some(id) = &setup.organization
        && !(id.starts_with("o-") && (12..=34).contains(&id.len()) && sound(&id[2..], ""))
    {
        return wrong("org-id", id, "an organization's id is such as o-a1b2c3d4e5");
    }
    Ok(())
}

/// The actions of the audit policy, as many policies as IAM's limit asks for.
fn split(policy: &Value) -> Vec<Vec<String>> {
    let statements = policy["Statement"].as_array().map(Vec::as_slice).unwrap_or_default();
    let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().into_iter().flatten());
    let empty = document(&[]).to_string().len();
    let (mut policies, mut length) = (Vec::new(), 0);
    for action in actions.filter_map(Value::as_str) {
        // Quotes and a comma.
        let more = action.len() + 3;
        if policies.is_empty() || length + more > LONGEST_POLICY {
            policies.push(Vec::new());
            length = empty;
        }
        length += more;
        if let Some(last) = policies.last_mut() {
            last.push(action.to_owned());
        }
    }
    policies
}

fn document(actions: &[String]) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

const HEAD: &str =
    "# The role by which Haechi reads an account. It can read configuration and nothing else: no data, no change.
#
# In the management account (or, with --call-as DELEGATED_ADMIN, in the administrator of StackSets):
#
#   aws cloudformation create-stack-set --stack-set-name haechi-audit \\
#     --template-body file://template.yaml --capabilities CAPABILITY_NAMED_IAM \\
#     --permission-model SERVICE_MANAGED --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false{parameters}
#   aws organizations list-roots --query 'Roots[0].Id' --output text
#   aws cloudformation create-stack-instances --stack-set-name haechi-audit \\
#     --deployment-targets OrganizationalUnitIds=ROOT-ID --regions us-east-1
#
# A role belongs to no region: one region is enough. A StackSet does not reach the management account itself; Haechi
# uses its own credentials there, or, where it runs elsewhere:
#
#   aws cloudformation deploy --stack-name haechi-audit --template-file template.yaml \\
#     --capabilities CAPABILITY_NAMED_IAM{overrides}
#
# When Haechi learns to read more, write the template again and update the StackSet:
#
#   aws cloudformation update-stack-set --stack-set-name haechi-audit \\
#     --template-body file://template.yaml --capabilities CAPABILITY_NAMED_IAM
";

fn written(setup: &OrgSetup, role: &str, policies: &[Vec<String>]) -> String {
    let asks = setup.trusted_account.is_none() && setup.organization.is_none();
    let (parameters, overrides) = match asks {
        true => (
            " \\\n#     --parameters ParameterKey=TrustedAccountId,ParameterValue=ACCOUNT-ID",
            " \\\n#     --parameter-overrides TrustedAccountId=ACCOUNT-ID",
        ),
        false => ("", ""),
    };
    let mut text = HEAD.replace("{parameters}", parameters).replace("{overrides}", overrides);
    text.push_str("AWSTemplateFormatVersion: '2010-09-09'\nDescription: The role by which Haechi reads this account\n");
    if asks {
        text.push_str(
            "Parameters:\n  TrustedAccountId:\n    Type: String\n    Description: The account that Haechi runs in\n    \
             AllowedPattern: '^[0-9]{12}$'\n",
        );
    }
    text.push_str("Resources:\n");
    text.push_str(&role_resource(setup, role, policies.len()));
    for (at, actions) in policies.iter().enumerate() {
        let number = at + 1;
        let _ = write!(
            text,
            "  AuditPolicy{number}:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      \
             ManagedPolicyName: {role}-{number}\n      PolicyDocument:\n        Version: '2012-10-17'\n        \
             Statement:\n          - Effect: Allow\n            Resource: '*'\n            Action:\n"
        );
        for action in actions {
            let _ = writeln!(text, "              - {action}");
        }
    }
    text.push_str("Outputs:\n  RoleArn:\n    Value: !GetAtt AuditRole.Arn\n");
    text
}

fn role_resource(setup: &OrgSetup, role: &str, policies: usize) -> String {
    let principal = match (&setup.trusted_account, &setup.organization) {
        (Some(account), _) => format!("!Sub 'arn:${{AWS::Partition}}:iam::{account}:root'"),
        (None, Some(_)) => "'*'".to_owned(),
        (None, None) => "!Sub 'arn:${AWS::Partition}:iam::${TrustedAccountId}:root'".to_owned(),
    };
    let mut text = format!(
        "  AuditRole:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: {role}\n      \
         Description: Haechi reads this account\n      MaxSessionDuration: 3600\n      AssumeRolePolicyDocument:\n        \
         Version: '2012-10-17'\n        Statement:\n          - Effect: Allow\n            Principal:\n              \
         AWS: {principal}\n            Action: sts:AssumeRole\n"
    );
    if setup.external_id.is_some() || setup.organization.is_some() {
        text.push_str("            Condition:\n              StringEquals:\n");
        if let Some(id) = &setup.external_id {
            let _ = writeln!(text, "                sts:ExternalId: '{id}'");
        }
        if let Some(id) = &setup.organization {
            let _ = writeln!(text, "                aws:PrincipalOrgID: {id}");
        }
    }
    text.push_str("      ManagedPolicyArns:\n");
    for number in 1..=policies {
        let _ = writeln!(text, "        - !Ref AuditPolicy{number}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_policies_hold_every_action_once_and_within_iams_limit() {
        let policy = audit_policy().unwrap();
        let statements = policy["Statement"].as_array().unwrap().iter();
        let wanted: BTreeSet<&str> = statements
            .flat_map(|statement| statement["Action"].as_array().unwrap())
            .map(|action| action.as_str().unwrap())
            .collect();
        let policies = split(&policy);
        for actions in &policies {
            let length = document(actions).to_string().len();
            assert!(length <= LONGEST_POLICY, "{length}");
        }
        let all: Vec<&str> = policies.iter().flatten().map(String::as_str).collect();
        assert_eq!(all.len(), wanted.len());
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), wanted);
        assert!(policies.len() <= MOST_POLICIES);
    }

    #[track_caller]
    fn check(setup: &OrgSetup, wanted: &[&str]) {
        let text = org_template(setup).unwrap();
        wanted.iter().for_each(|words| assert!(text.contains(words), "{words}\n{}", &text[..2500]));
    }

    #[test]
    fn the_trust_is_as_asked() {
        check(&OrgSetup::default(), &["RoleName: HaechiAudit\n", "iam::${TrustedAccountId}:root", "AllowedPattern"]);
        let setup = OrgSetup {
            role: Some("Audit".to_owned()),
            external_id: Some("e-1".to_owned()),
            trusted_account: Some("111122223333".to_owned()),
            ..OrgSetup::default()
        };
        check(&setup, &["arn:${AWS::Partition}:iam::111122223333:root", "sts:ExternalId: 'e-1'", "RoleName: Audit\n"]);
        let setup = OrgSetup { organization: Some("o-a1b2c3d4e5".to_owned()), ..OrgSetup::default() };
        check(&setup, &["AWS: '*'", "aws:PrincipalOrgID: o-a1b2c3d4e5"]);
    }

    #[test]
    fn what_could_break_out_of_the_template_is_refused() {
        for setup in [
            OrgSetup { role: Some("a\n  b: c".to_owned()), ..OrgSetup::default() },
            OrgSetup { role: Some(String::new()), ..OrgSetup::default() },
            OrgSetup { external_id: Some("'x".to_owned()), ..OrgSetup::default() },
            OrgSetup { trusted_account: Some("root".to_owned()), ..OrgSetup::default() },
            OrgSetup { organization: Some("o-*".to_owned()), ..OrgSetup::default() },
        ] {
            assert!(org_template(&setup).is_err(), "{setup:?}");
        }
    }
}
