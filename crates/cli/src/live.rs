//! The flags of what reaches live accounts: one account, those of the settings, or an organization.

use clap::Args;
use clap::builder::FalseyValueParser;
use haechi_app::{LastAccessed, LiveRequest, Resume, Secrets, Whole};

#[derive(Debug, Args)]
pub struct LiveArgs {
    /// The AWS profile to use, whatever keys the environment holds [default: as the AWS CLI]
    #[arg(long, value_name = "NAME", help_heading = "Live account")]
    pub profile: Option<String>,
    /// Every account of the organization; the credentials are of its management account or a delegated administrator
    #[arg(long, help_heading = "Live account")]
    pub org: bool,
    /// The role to take on in each account [default for --org: HaechiAudit]
    #[arg(long, value_name = "NAME", env = "HAECHI_ORG_ROLE", help_heading = "Live account")]
    pub org_role: Option<String>,
    /// The external id that the role's trust policy asks for
    #[arg(long, value_name = "ID", env = "HAECHI_EXTERNAL_ID", help_heading = "Live account")]
    pub external_id: Option<String>,
    /// Keep environment variables of functions and user data as they are, secrets included
    #[arg(long, help_heading = "Live account")]
    pub keep_secrets: bool,
    /// Also ask IAM what each user and role accessed when: some calls and seconds for each of them
    #[arg(long, env = "HAECHI_LAST_ACCESSED", value_parser = FalseyValueParser::new(), help_heading = "Live account")]
    pub last_accessed: bool,
    /// Calls to AWS at the same time [default: 16; with --org 64]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, help_heading = "Live account")]
    pub concurrency: usize,
    /// Calls a second to one account; its limits are shared with those who work there [default: 20]; 0: no limit
    #[arg(long, value_name = "N", help_heading = "Live account")]
    pub rate: Option<u32>,
    /// Seconds until an answer must begin [default: 30]
    #[arg(long, value_name = "SECONDS", help_heading = "Live account")]
    pub timeout: Option<u32>,
    /// Only these resource types, such as AWS::S3::Bucket
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', help_heading = "Live account")]
    pub types: Vec<String>,
    /// Go on with the run that was interrupted: what it has listed is not listed again
    #[arg(long, help_heading = "Live account")]
    pub resume: bool,
}

impl LiveArgs {
    pub fn request(&self) -> LiveRequest {
        let usual = if self.org { 64 } else { 16 };
        LiveRequest {
            profile: self.profile.clone(),
            whole: if self.org { Whole::Organization } else { Whole::Account },
            role: self.org_role.clone(),
            external_id: self.external_id.clone(),
            secrets: if self.keep_secrets { Secrets::Kept } else { Secrets::Redacted },
            last_accessed: if self.last_accessed { LastAccessed::Asked } else { LastAccessed::NotAsked },
            concurrency: if self.concurrency == 0 { usual } else { self.concurrency },
            rate: self.rate,
            timeout: self.timeout,
            types: self.types.clone(),
            resume: if self.resume { Resume::Yes } else { Resume::No },
        }
    }
}
