//! Credentials: kept while they are good, renewed before they run out, thrown away when AWS says so.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::api::Api as _;
use crate::client::Client;
use crate::error::{ApiError, ErrorKind};

/// A role to take on, in this or another account.
#[derive(Clone, Debug)]
pub struct Role {
    /// `arn:aws:iam::111122223333:role/HaechiAudit`.
    pub arn: String,
    /// What the other account's log shows.
    pub session_name: String,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// A policy (JSON) that narrows what the session may do.
    pub session_policy: Option<String>,
    /// Managed policies that do: what none of them allows, the session may not do.
    pub session_policy_arns: Vec<String>,
}

/// Credentials are renewed this long before they expire.
const EARLY: Duration = Duration::from_secs(300);
/// The longest time that a provider (SSO, a process, IMDS) may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) enum Source {
    /// What `aws-config` found.
    Provider(SharedCredentialsProvider),
    /// A role, taken on with another client's credentials.
    Role { by: Client, role: Role },
    /// Nothing was configured.
    Nothing,
}

pub(crate) struct Keyring {
    source: Source,
    held: Mutex<Option<Credentials>>,
}

impl Keyring {
    pub fn new(source: Source) -> Self {
        Self { source, held: Mutex::new(None) }
    }

    /// Credentials that are good for some minutes. One caller renews them, the others wait for it.
    pub async fn get(&self) -> Result<Credentials, ApiError> {
        let mut held = self.held.lock().await;
        let now = SystemTime::now();
        let good =
            |credentials: &&Credentials, margin: Duration| credentials.expiry().is_none_or(|at| at > now + margin);
        if let Some(found) = held.as_ref().filter(|held| good(held, EARLY)) {
            return Ok(found.clone());
        }
        match self.load().await {
            Ok(fresh) => {
                *held = Some(fresh.clone());
                Ok(fresh)
            }
            // Still good for a while: the provider gets another chance at the next call.
            Err(error) => held.clone().filter(|held| good(&held, Duration::ZERO)).ok_or(error),
        }
    }

    /// Forgets credentials that AWS called expired, unless they were renewed meanwhile.
    pub async fn forget(&self, used: &Credentials) {
        let mut held = self.held.lock().await;
        let same = held.as_ref().is_some_and(|held| {
            held.access_key_id() == used.access_key_id() && held.session_token() == used.session_token()
        });
        if same {
            *held = None;
        }
    }

    async fn load(&self) -> Result<Credentials, ApiError> {
        match &self.source {
            Source::Provider(provider) => match timeout(PATIENCE, provider.provide_credentials()).await {
                Ok(Ok(credentials)) => Ok(credentials),
                Ok(Err(error)) => Err(missing(&chain(&error))),
                Err(_) => Err(missing("the provider of credentials did not answer in 60 s")),
            },
            Source::Role { by, role } => assume(by, role).await,
            Source::Nothing => Err(missing("none are configured")),
        }
    }
}

fn missing(why: &str) -> ApiError {
    ApiError::new(
        ErrorKind::NoCredentials,
        "sts",
        "",
        "GetCallerIdentity",
        format!("no AWS credentials: {why}; set AWS_PROFILE or AWS_ACCESS_KEY_ID, or run `aws sso login`"),
    )
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    let mut last = text.clone();
    while let Some(error) = cause {
        // Each layer of the provider may say the same.
        let said = error.to_string();
        if said != last {
            text.push_str(": ");
            text.push_str(&said);
        }
        (last, cause) = (said, error.source());
    }
    text
}

async fn assume(by: &Client, role: &Role) -> Result<Credentials, ApiError> {
    let mut input = json!({"RoleArn": role.arn, "RoleSessionName": role.session_name});
    for (name, value) in [("ExternalId", &role.external_id), ("Policy", &role.session_policy)] {
        if let Some(value) = value {
            input[name] = Value::from(value.clone());
        }
    }
    if !role.session_policy_arns.is_empty() {
        let arns: Vec<Value> = role.session_policy_arns.iter().map(|arn| json!({"arn": arn})).collect();
        input["PolicyArns"] = Value::Array(arns);
    }
    let region = by.region().to_owned();
    let answer = by.call("sts", &region, "AssumeRole", input).await?;
    let part = |name: &str| answer["Credentials"][name].as_str().map(str::to_owned);
    let (Some(key), Some(secret), Some(token)) = (part("AccessKeyId"), part("SecretAccessKey"), part("SessionToken"))
    else {
        return Err(ApiError::new(
            ErrorKind::Malformed,
            "sts",
            &region,
            "AssumeRole",
            "the answer lacks the credentials",
        ));
    };
    let expiry = part("Expiration").and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(SystemTime::from);
    Ok(Credentials::new(key, secret, Some(token), expiry, "AssumeRole"))
}
