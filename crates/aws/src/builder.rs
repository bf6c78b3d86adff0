//! How a client is set up: profile, region, credentials, limits.

use std::sync::Arc;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::service_config::ServiceConfigKey;

use crate::client::{Client, Shared};
use crate::keyring::{Keyring, Source};
use crate::limits::{Concurrency, Limits};
use crate::retry::RetryPolicy;
use crate::shapes::Service;
use crate::transport::{Timeouts, Transport};

/// An answer larger than this is an error: 256 MiB. What [`Client::call_bytes`] hands over may be as
/// large; an answer that is read into values, 32 MiB.
pub const RESPONSE_LIMIT: u64 = 256 * 1024 * 1024;

/// Sets up a [`Client`].
#[derive(Default)]
pub struct Builder {
    profile: Option<String>,
    region: Option<String>,
    account: Option<String>,
    endpoint: Option<String>,
    credentials: Option<SharedCredentialsProvider>,
    timeouts: Timeouts,
    retry: RetryPolicy,
    concurrency: Concurrency,
    response_limit: Option<u64>,
    shared: Option<Arc<Shared>>,
}

impl Builder {
    /// The profile of the AWS configuration files, as `--profile` gives it: its credentials and no others,
    /// also where the environment holds keys. `AWS_PROFILE` comes after such keys, as in the AWS CLI.
    #[must_use]
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    /// The home region, before that of the environment and the profile.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The account's id, when it is known: limits are kept by account.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// One URL for all services, before `AWS_ENDPOINT_URL` and its like.
    #[must_use]
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Fixed credentials.
    #[must_use]
    pub fn credentials(self, credentials: Credentials) -> Self {
        self.credentials_provider(SharedCredentialsProvider::new(credentials))
    }

    /// A provider of credentials instead of those that the environment has.
    #[must_use]
    pub fn credentials_provider(mut self, provider: SharedCredentialsProvider) -> Self {
        self.credentials = Some(provider);
        self
    }

    /// Time-outs of one attempt.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How often and how fast to try again.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// How many calls may be under way.
    #[must_use]
    pub fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// The largest answer in bytes. Default [`RESPONSE_LIMIT`].
    #[must_use]
    pub fn response_limit(mut self, bytes: u64) -> Self {
        self.response_limit = Some(bytes);
        self
    }

    /// Connections, limits and counters are those of another client; what was set here of them is not looked at.
    #[must_use]
    pub fn sharing(mut self, other: &Client) -> Self {
        self.shared = Some(Arc::clone(&other.shared));
        self
    }

    /// Reads the environment and the AWS configuration files. Nothing is sent to AWS, but on a machine
    /// without any configuration the region is asked from the instance's metadata service.
    ///
    /// Without a region anywhere, the home region is `us-east-1`.
    pub async fn build(self) -> Client {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let own = self.credentials.is_some();
        if let Some(provider) = self.credentials {
            loader = loader.credentials_provider(provider);
        }
        let config = loader.load().await;
        let source = match &self.profile {
            Some(profile) if !own => Source::Provider(of_profile(profile, &config)),
            _ => config.credentials_provider().map_or(Source::Nothing, Source::Provider),
        };
        let region = config.region().map_or_else(|| "us-east-1".to_owned(), ToString::to_string);
        let account = self.account.unwrap_or_default();
        let shared = self.shared.unwrap_or_else(|| {
            Arc::new(Shared {
                transport: Transport::new(self.timeouts, self.response_limit.unwrap_or(RESPONSE_LIMIT)),
                limits: Limits::new(self.concurrency),
                retry: self.retry,
            })
        });
        Client {
            limits: shared.limits.account(&account),
            shared,
            endpoints: Arc::new(Endpoints { fixed: self.endpoint, config }),
            keyring: Arc::new(Keyring::new(source)),
            account: account.into(),
            region: region.into(),
        }
    }
}

/// The credentials of a profile that was named. The usual chain would take keys of the environment first,
/// and so judge another account than the one that was asked for.
fn of_profile(profile: &str, config: &SdkConfig) -> SharedCredentialsProvider {
    let place = ProviderConfig::default().with_region(config.region().cloned());
    let provider = ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&place).build();
    SharedCredentialsProvider::new(provider)
}

/// The user's own endpoints.
pub(crate) struct Endpoints {
    fixed: Option<String>,
    config: SdkConfig,
}

impl Endpoints {
    /// The user's URL for a service: the builder's, `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`,
    /// or the profile's `services` section and `endpoint_url`, in this order.
    pub fn custom(&self, service: &Service) -> Option<String> {
        if let Some(fixed) = &self.fixed {
            return Some(fixed.clone());
        }
        let key = ServiceConfigKey::builder()
            .service_id(&service.service_id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        self.config.service_config()?.load_config(key)
    }
}
