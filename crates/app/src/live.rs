//! The live account of some credentials: who it is, which regions it has, what Organizations calls it.

use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_aws::{Api, ApiError, Client, Concurrency, ErrorKind};
use haechi_inventory::{RegionState, Target, home_region, regions};
use haechi_model::{AccountId, Arn, Partition, Region, Timestamp};
use haechi_store::{Account, AccountState};
use serde_json::{Value, json};

use crate::error::{Result, UserError};

/// How to reach the account.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    pub profile: Option<String>,
    /// The regions to look at; all enabled ones when empty.
    pub regions: Vec<Region>,
    pub concurrency: usize,
}

/// The account that answers to the credentials.
pub struct Live {
    pub client: Client,
    pub caller: Arn,
    pub target: Target,
}

/// Connects: the credentials must be good, and the regions must exist.
pub async fn connect(reach: &Reach) -> Result<Live> {
    let mut builder = Client::builder();
    if let Some(profile) = &reach.profile {
        builder = builder.profile(profile.clone());
    }
    if reach.concurrency > 0 {
        let usual = Concurrency::default();
        builder = builder.concurrency(Concurrency { total: reach.concurrency, ..usual });
    }
    let client = builder.build().await;
    let identity = client.call("sts", client.region(), "GetCallerIdentity", json!({})).await;
    let identity = identity.map_err(|error| no_identity(error, reach.profile.as_deref()))?;
    let text = |name: &str| identity[name].as_str().unwrap_or_default().to_owned();
    let strange = |error: &dyn std::fmt::Display| UserError::said("error-identity-answer").because(error);
    let account = AccountId::parse(&text("Account")).map_err(|error| strange(&error))?;
    let caller = Arn::parse(&text("Arn")).map_err(|error| strange(&error))?;
    let partition = Partition::parse(caller.partition()).map_err(|error| strange(&error))?;
    let (wanted, disabled) = choose_regions(&client, &partition, reach).await?;
    let target =
        Target { api: Arc::new(client.clone()), account, partition, regions: wanted, disabled, organization: false };
    Ok(Live { client, caller, target })
}

fn no_identity(error: ApiError, profile: Option<&str>) -> UserError {
    if let (ErrorKind::NoCredentials, Some(profile)) = (error.kind, profile) {
        return UserError::said("error-profile-credentials")
            .arg("profile", profile)
            .because(error)
            .help("advice-profile-sign-in")
            .arg("profile", profile);
    }
    let help = match error.kind {
        ErrorKind::NoCredentials => "advice-credentials",
        ErrorKind::ExpiredCredentials => "advice-credentials-expired",
        ErrorKind::Connection | ErrorKind::Timeout => "advice-network",
        _ => "advice-credentials-check",
    };
    UserError::said("error-account-reach").because(error).help(help)
}

/// The regions to look at, and those that are wanted or known but not enabled.
async fn choose_regions(client: &Client, partition: &Partition, reach: &Reach) -> Result<(Vec<Region>, Vec<Region>)> {
    let asked: Vec<Region> = reach.regions.iter().filter(|region| !region.is_global()).cloned().collect();
    let home = Region::parse(client.region()).or_else(|_| Region::parse(home_region(partition)));
    let home = home.map_err(|error| UserError::said("error-region").because(error))?;
    let known = match regions(client, &home).await {
        Ok(known) => known,
        // The regions that the user named are enough; without any, there is nothing to go by.
        Err(_) if !asked.is_empty() => return Ok((asked, Vec::new())),
        Err(error) => {
            return Err(UserError::said("error-regions-list").because(&error).help("advice-regions-list"));
        }
    };
    if let Some(unknown) = asked.iter().find(|region| !known.iter().any(|state| state.region == **region)) {
        let names: Vec<_> = known.iter().map(|state| state.region.as_str()).collect();
        return Err(UserError::said("error-region-unknown")
            .arg("region", unknown)
            .arg("partition", partition)
            .help("advice-regions")
            .arg("regions", names.join(", ")));
    }
    let chosen = |state: &&RegionState| asked.is_empty() || asked.contains(&state.region);
    let of = |enabled: bool| -> Vec<Region> {
        known.iter().filter(chosen).filter(|state| state.enabled == enabled).map(|state| state.region.clone()).collect()
    };
    Ok((of(true), of(false)))
}

/// What Organizations knows of the account, as far as this account may ask; otherwise its alias.
pub async fn describe(live: &Live, at: Timestamp) -> (Option<String>, Vec<Account>) {
    let api = &live.client;
    let region = home_region(&live.target.partition);
    let organization = api.call("organizations", region, "DescribeOrganization", json!({})).await;
    let organization = organization.ok().and_then(|answer| Some(answer["Organization"]["Id"].as_str()?.to_owned()));
    if organization.is_some()
        && let Ok(accounts) = organization_accounts(api, region, live.target.account, at).await
        && !accounts.is_empty()
    {
        return (organization, accounts);
    }
    let alias = api.call("iam", region, "ListAccountAliases", json!({})).await.ok();
    let alias = alias.and_then(|answer| Some(answer["AccountAliases"][0].as_str()?.to_owned()));
    let account = Account {
        id: live.target.account,
        name: alias,
        ou_path: None,
        state: AccountState::Unknown,
        tags: BTreeMap::new(),
        as_of: at,
    };
    (organization, vec![account])
}

/// The account with its name and the path of its organizational unit.
async fn organization_accounts(
    api: &Client,
    region: &str,
    id: AccountId,
    at: Timestamp,
) -> std::result::Result<Vec<Account>, ApiError> {
    let mut found = Vec::new();
    let mut each = |page: Value| {
        for account in page["Accounts"].as_array().into_iter().flatten() {
            if account["Id"].as_str() == Some(id.as_str()) {
                found.push(account.clone());
            }
        }
    };
    api.call_all("organizations", region, "ListAccounts", json!({}), &mut each).await?;
    let Some(account) = found.first() else { return Ok(Vec::new()) };
    let state = match account["Status"].as_str() {
        Some("ACTIVE") => AccountState::Active,
        Some("SUSPENDED") => AccountState::Suspended,
        Some("PENDING_CLOSURE") => AccountState::PendingClosure,
        _ => AccountState::Unknown,
    };
    let ou_path = ou_path(api, region, id).await.ok();
    let name = account["Name"].as_str().map(str::to_owned);
    Ok(vec![Account { id, name, ou_path, state, tags: BTreeMap::new(), as_of: at }])
}

/// Deepest nesting that AWS allows is five; a loop of parents would be AWS's mistake, but must not be ours.
const DEEPEST: usize = 16;

async fn ou_path(api: &Client, region: &str, id: AccountId) -> std::result::Result<String, ApiError> {
    let mut names = Vec::new();
    let mut child = id.as_str().to_owned();
    for _ in 0..DEEPEST {
        let parents = api.call("organizations", region, "ListParents", json!({"ChildId": child})).await?;
        let parent = &parents["Parents"][0];
        let Some(parent_id) = parent["Id"].as_str() else { break };
        if parent["Type"].as_str() != Some("ORGANIZATIONAL_UNIT") {
            names.push("Root".to_owned());
            break;
        }
        let unit = api
            .call("organizations", region, "DescribeOrganizationalUnit", json!({"OrganizationalUnitId": parent_id}))
            .await?;
        names.push(unit["OrganizationalUnit"]["Name"].as_str().unwrap_or(parent_id).to_owned());
        child = parent_id.to_owned();
    }
    names.reverse();
    Ok(names.join("/"))
}
