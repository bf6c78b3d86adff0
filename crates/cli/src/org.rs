//! `haechi org`: the organization as it is recorded, and the role that lets Haechi read its accounts.

use clap::{Args, Subcommand};
use haechi_app::{App, Exit, OrgSetup, Result, org_template};
use haechi_report::Format;

use crate::commands::one_of;
use crate::screen::Screen;

#[derive(Debug, Subcommand)]
pub enum Org {
    /// Write the CloudFormation template of the audit role, for a StackSet over the organization
    #[command(after_help = "Examples:
  haechi org setup --trusted-account 111122223333 --external-id haechi-7f3a > template.yaml
  haechi org setup --org-id o-a1b2c3d4e5 > template.yaml")]
    Setup(Setup),
    /// SCPs, RCPs and other policies along the tree: attached, inherited, effective, and mistakes in them
    #[command(after_help = "Examples:
  haechi org policies
  haechi org policies Root/Workloads
  haechi org policies 111122223333 --format json

Exit codes: 0 no error; 1 a policy or level that breaks accounts or that AWS would not take; 2 it could not be told.")]
    Policies(crate::org_whatif::Policies),
    /// What a change of policies or of the tree would do: to permissions, and to the calls of CloudTrail's logs
    #[command(after_help = "Examples:
  haechi org whatif --attach deny-ec2.json --to Root/Workloads --logs ./logs --since 30d
  haechi org whatif --detach FullAWSAccess --from ou-ab12-cdefghij --attach p-0123abcd --to ou-ab12-cdefghij
  haechi org whatif --replace p-0123abcd region-limit.json --logs s3://my-trail-bucket --since 7d --format json
  haechi org whatif --move 111122223333 --to Root/Sandbox --logs ./logs --format csv

Exit codes: 0 no call of the logs would be denied; 1 some would; 2 it could not be told.")]
    Whatif(Box<crate::org_whatif::WhatIf>),
    /// What somebody of IAM Identity Center has in every account, or who may do something in one
    #[command(after_help = "Examples:
  haechi org access mina@example.com
  haechi org access mina --account shop --format json
  haechi org access mina --action s3:DeleteBucket
  haechi org access --action s3:DeleteBucket --account 111122223333
  haechi org access review --users staff.csv")]
    Access(Box<crate::org_center::Access>),
    /// Assignments of permission sets as a file wants them, by organizational unit, against the record
    #[command(subcommand)]
    Assignments(crate::org_center::Assignments),
    /// The organizational units, accounts and policies of the last record
    Tree {
        /// table, json, jsonl or csv
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
}

#[derive(Debug, Args)]
pub struct Setup {
    /// The role's name [default: HaechiAudit]
    #[arg(long, value_name = "NAME")]
    pub role_name: Option<String>,
    /// An external id that the role shall ask for
    #[arg(long, value_name = "ID")]
    pub external_id: Option<String>,
    /// The account that Haechi runs in; left out: a parameter of the template
    #[arg(long, value_name = "ID")]
    pub trusted_account: Option<String>,
    /// Trust everybody in this organization who may take on roles, instead of one account
    #[arg(long, value_name = "ID", conflicts_with = "trusted_account")]
    pub org_id: Option<String>,
}

pub fn run(app: &App, screen: &Screen, command: Org) -> Result<Exit> {
    match command {
        Org::Setup(setup) => {
            let setup = OrgSetup {
                role: setup.role_name,
                external_id: setup.external_id,
                trusted_account: setup.trusted_account,
                organization: setup.org_id,
            };
            screen.text(&org_template(&setup)?)?;
        }
        Org::Policies(arguments) => return crate::org_whatif::policies(app, screen, &arguments),
        Org::Whatif(arguments) => return crate::org_whatif::whatif(app, screen, *arguments),
        Org::Access(arguments) => return crate::org_center::access(app, screen, *arguments),
        Org::Assignments(command) => return crate::org_center::assignments(app, screen, command),
        Org::Tree { format } => {
            let format = one_of(&format, &[Format::Table, Format::Json, Format::Jsonl, Format::Csv])?;
            screen.table(&app.organization_tree()?, format)?;
        }
    }
    Ok(Exit::Clean)
}
