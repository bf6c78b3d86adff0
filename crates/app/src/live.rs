//! Live accounts: that of the credentials, those of an organization, or those that the settings name. Each is reached
//! when its turn comes: its role is taken on, its regions are asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use haechi_aws::{Api, ApiError, BoxFuture, Client, Concurrency, ErrorKind, Role, Timeouts};
use haechi_inventory::{
    Accounts, Collectors, LastAccessed, Reached, RegionState, Secrets, Target, gap, home_region, regions,
};
use haechi_model::{AccountId, Arn, Gap, Partition, Region, ResourceType, Timestamp};
use haechi_store::{Account, AccountState};
use serde_json::{Value, json};

use crate::App;
use crate::error::{Result, UserError};
use crate::org;
use crate::selection::Selection;
use crate::session_policy::{narrowing, narrowing_arns};
use crate::settings::AccountSettings;

/// The role that an account is entered by, unless another is named.
pub const USUAL_ROLE: &str = "HaechiAudit";

/// What the other account's CloudTrail shows.
const SESSION_NAME: &str = "haechi";

/// Which accounts, and how to reach and to ask them.
#[derive(Debug, Clone, Default)]
pub struct LiveRequest {
    pub profile: Option<String>,
    /// All accounts of the organization, not only that of the credentials.
    pub whole: Whole,
    /// The role to take on in other accounts.
    pub role: Option<String>,
    pub external_id: Option<String>,
    pub secrets: Secrets,
    /// Whether IAM is asked what users and roles accessed; the settings may say so too.
    pub last_accessed: LastAccessed,
    /// Calls at the same time; 0: as usual.
    pub concurrency: usize,
    /// Calls a second to one account.
    pub rate: Option<u32>,
    /// Seconds until an answer must begin; as usual when left out.
    pub timeout: Option<u32>,
    /// The resource types to ask for; all of them when empty.
    pub types: Vec<String>,
    /// Go on with the run that was interrupted.
    pub resume: Resume,
}

/// How far a run reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whole {
    /// The account of the credentials, or those that the settings name.
    #[default]
    Account,
    /// Every account of the organization.
    Organization,
}

/// Whether listings that an interrupted run completed are made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resume {
    #[default]
    No,
    Yes,
}

/// The accounts of a run, and what is known of them.
pub struct Live {
    pub client: Client,
    pub organization: Option<String>,
    /// For the store: every account that is known, also those that are not asked.
    pub accounts: Vec<Account>,
    pub reach: Arc<Reach>,
    /// What the report calls the source.
    pub name: String,
    /// Something that could not be learned of the accounts.
    pub note: Option<String>,
}

/// The account that answers to the credentials.
pub struct Caller {
    pub client: Client,
    pub arn: Arn,
    pub account: AccountId,
    pub partition: Partition,
}

/// The accounts whose turn comes, one after another.
pub struct Reach {
    pub entries: Vec<Entry>,
    regions: Vec<Region>,
}

/// One account to collect.
pub struct Entry {
    pub account: AccountId,
    pub name: Option<String>,
    pub ou_path: Option<String>,
    pub access: Access,
    /// The regions to look at, where the settings narrow them.
    pub regions: Vec<Region>,
    partition: Partition,
    /// Whether the organization is read from here.
    organization: bool,
}

/// How an account is entered.
pub enum Access {
    /// With the credentials themselves.
    Own(Client),
    /// By a role, with the credentials of the client.
    Role { by: Client, role: Box<Role> },
    /// It is closed or suspended: nobody can.
    Closed(AccountState),
}

impl Access {
    fn client(&self, account: AccountId) -> Option<Client> {
        match self {
            Self::Own(client) => Some(client.with_account(account.as_str())),
            Self::Role { by, role } => Some(by.assume_role(Role::clone(role))),
            Self::Closed(_) => None,
        }
    }
}

/// A client for calls that need no account to be known first.
pub(crate) async fn client_of(request: &LiveRequest) -> Client {
    builder(request).build().await
}

/// The client and who it is. The credentials must be good.
pub async fn connect(request: &LiveRequest) -> Result<Caller> {
    let client = builder(request).build().await;
    identify(client, request.profile.as_deref()).await
}

fn builder(request: &LiveRequest) -> haechi_aws::Builder {
    let mut builder = Client::builder();
    if let Some(profile) = &request.profile {
        builder = builder.profile(profile.clone());
    }
    let mut concurrency = Concurrency { rate: request.rate, ..Concurrency::default() };
    if request.concurrency > 0 {
        concurrency.total = request.concurrency;
    }
    if let Some(seconds) = request.timeout {
        let read = Duration::from_secs(u64::from(seconds.max(1)));
        builder = builder.timeouts(Timeouts { read, total: read * 4, ..Timeouts::default() });
    }
    builder.concurrency(concurrency)
}

impl LiveRequest {
    /// The types that were asked for: each must have a collector.
    pub(crate) fn types(&self, collectors: &Collectors) -> Result<Vec<ResourceType>> {
        let mut types = Vec::new();
        for word in &self.types {
            let known = ResourceType::parse(word).ok().filter(|wanted| collectors.get(wanted).is_some());
            types.push(known.ok_or_else(|| UserError::said("error-type-unknown").arg("type", word))?);
        }
        Ok(types)
    }
}

pub(crate) async fn identify(client: Client, profile: Option<&str>) -> Result<Caller> {
    let identity = client.call("sts", client.region(), "GetCallerIdentity", json!({})).await;
    let identity = identity.map_err(|error| no_identity(error, profile))?;
    let text = |name: &str| identity[name].as_str().unwrap_or_default().to_owned();
    let strange = |error: &dyn std::fmt::Display| UserError::said("error-identity-answer").because(error);
    let account = AccountId::parse(&text("Account")).map_err(|error| strange(&error))?;
    let arn = Arn::parse(&text("Arn")).map_err(|error| strange(&error))?;
    let partition = Partition::parse(arn.partition()).map_err(|error| strange(&error))?;
    Ok(Caller { client: client.with_account(account.as_str()), arn, account, partition })
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

impl App {
    /// Whether the request or the settings ask for what users and roles accessed.
    pub(crate) fn last_accessed(&self, request: &LiveRequest) -> LastAccessed {
        if self.settings.last_accessed { LastAccessed::Asked } else { request.last_accessed }
    }

    /// The accounts that a request means. Wrong words and credentials that are not good are errors here; an account
    /// that refuses is not.
    pub(crate) async fn live(&self, request: &LiveRequest, selection: &Selection, now: Timestamp) -> Result<Live> {
        let mut request = request.clone();
        request.profile = request.profile.or_else(|| self.settings.profile.clone());
        let regions = self.wanted_regions(selection)?;
        let caller = connect(&request).await?;
        known_regions(&caller, &regions).await?;
        if request.whole == Whole::Organization {
            return self.organization(&request, selection, caller, regions, now).await;
        }
        if !self.settings.accounts.is_empty() && request.profile == self.settings.profile {
            return self.named_accounts(&request, selection, caller, regions, now).await;
        }
        one_account(&request, selection, caller, regions, now).await
    }

    fn wanted_regions(&self, selection: &Selection) -> Result<Vec<Region>> {
        let mut regions = selection.regions()?;
        if regions.is_empty() {
            for word in &self.settings.regions {
                regions.push(
                    Region::parse(word).map_err(|error| UserError::said("error-settings-regions").because(error))?,
                );
            }
        }
        regions.retain(|region| !region.is_global());
        Ok(regions)
    }

    async fn organization(
        &self,
        request: &LiveRequest,
        selection: &Selection,
        caller: Caller,
        regions: Vec<Region>,
        now: Timestamp,
    ) -> Result<Live> {
        let found = org::walk(&caller, now).await?;
        let role = request.role.clone().unwrap_or_else(|| USUAL_ROLE.to_owned());
        let entries = chosen(selection, &found.accounts)?.into_iter().map(|account| {
            let access = match account.state {
                _ if account.id == caller.account => Access::Own(caller.client.clone()),
                AccountState::Active | AccountState::Unknown => {
                    role_access(&caller, account.id, &role, request.external_id.as_deref())
                }
                closed => Access::Closed(closed),
            };
            let organization = account.id == caller.account;
            entry(account, access, caller.partition.clone(), organization)
        });
        let reach = Reach { entries: entries.collect(), regions };
        if reach.entries.is_empty() {
            return Err(UserError::said("error-org-nothing").help("advice-org-filters"));
        }
        Ok(Live {
            client: caller.client,
            organization: Some(found.id.clone()),
            accounts: found.accounts,
            reach: Arc::new(reach),
            name: found.id,
            note: found.note,
        })
    }

    /// The accounts of the settings file.
    async fn named_accounts(
        &self,
        request: &LiveRequest,
        selection: &Selection,
        caller: Caller,
        regions: Vec<Region>,
        now: Timestamp,
    ) -> Result<Live> {
        let (organization, mut accounts) = describe(&caller, now).await;
        let mut entries = Vec::new();
        for named in &self.settings.accounts {
            let own = named.regions()?;
            let (id, access) = named_access(named, request, &caller).await?;
            if entries.iter().any(|entry: &Entry| entry.account == id) {
                return Err(UserError::said("error-settings-twice").arg("account", id));
            }
            if !accounts.iter().any(|account| account.id == id) {
                accounts.push(unknown(id, named.name.clone(), now));
            }
            let Some(account) = accounts.iter().find(|account| account.id == id) else { continue };
            let mut entry = entry(account, access, caller.partition.clone(), organization.is_here(id));
            // A flag is for this run: it wins over the file.
            entry.regions = if selection.regions.is_empty() { own } else { Vec::new() };
            entries.push(entry);
        }
        accounts.retain(|account| entries.iter().any(|entry: &Entry| entry.account == account.id));
        let wanted = selection.accounts()?;
        entries.retain(|entry| wanted.is_empty() || wanted.contains(&entry.account));
        if entries.is_empty() {
            return Err(UserError::said("error-org-nothing").help("advice-org-filters"));
        }
        Ok(Live {
            client: caller.client,
            organization: organization.id,
            accounts,
            reach: Arc::new(Reach { entries, regions }),
            name: "haechi.toml".to_owned(),
            note: None,
        })
    }
}

/// How an account of the settings file is entered, and its id.
async fn named_access(named: &AccountSettings, request: &LiveRequest, caller: &Caller) -> Result<(AccountId, Access)> {
    let id = named.id()?;
    let by = match &named.profile {
        None => caller.client.clone(),
        Some(profile) => {
            let own = LiveRequest { profile: Some(profile.clone()), ..request.clone() };
            builder(&own).sharing(&caller.client).build().await
        }
    };
    match (id, &named.role) {
        (Some(id), Some(role)) => {
            let by = Caller { client: by, arn: caller.arn.clone(), account: id, partition: caller.partition.clone() };
            let external = named.external_id.as_deref().or(request.external_id.as_deref());
            Ok((id, role_access(&by, id, role, external)))
        }
        (Some(id), None) => Ok((id, Access::Own(by))),
        // Nothing but the profile says which account it is.
        (None, _) => {
            let profile = named.profile.as_deref();
            let found = identify(by, profile).await.map_err(|error| match profile {
                // It stops the others only because nobody knows which account it is.
                Some(profile) => error.help("advice-settings-id").arg("profile", profile),
                None => error,
            })?;
            Ok((found.account, Access::Own(found.client)))
        }
    }
}

fn role_access(caller: &Caller, account: AccountId, role: &str, external_id: Option<&str>) -> Access {
    let role = match role.starts_with("arn:") {
        true => role.to_owned(),
        false => format!("arn:{}:iam::{account}:role/{}", caller.partition, role.trim_start_matches('/')),
    };
    let role = Role {
        arn: role,
        session_name: SESSION_NAME.to_owned(),
        external_id: external_id.map(str::to_owned),
        session_policy: Some(narrowing()),
        session_policy_arns: narrowing_arns(&caller.partition),
    };
    Access::Role { by: caller.client.clone(), role: Box::new(role) }
}

fn entry(account: &Account, access: Access, partition: Partition, organization: bool) -> Entry {
    let (name, ou_path) = (account.name.clone(), account.ou_path.clone());
    Entry { account: account.id, name, ou_path, access, regions: Vec::new(), partition, organization }
}

/// The accounts that the filters leave.
fn chosen<'a>(selection: &Selection, accounts: &'a [Account]) -> Result<Vec<&'a Account>> {
    let wanted = selection.accounts()?;
    if let Some(stranger) = wanted.iter().find(|id| !accounts.iter().any(|account| account.id == **id)) {
        return Err(UserError::said("error-org-account").arg("account", stranger).help("advice-org-account"));
    }
    let in_unit = |account: &&Account| {
        let path = account.ou_path.as_deref().unwrap_or_default();
        selection.ous.is_empty() || selection.ous.iter().any(|unit| org::is_in(path, unit))
    };
    let named = |account: &&Account| wanted.is_empty() || wanted.contains(&account.id);
    Ok(accounts.iter().filter(named).filter(in_unit).collect())
}

async fn one_account(
    request: &LiveRequest,
    selection: &Selection,
    caller: Caller,
    regions: Vec<Region>,
    now: Timestamp,
) -> Result<Live> {
    if let Some(other) = selection.accounts()?.iter().find(|account| **account != caller.account) {
        return Err(UserError::said("error-account-other")
            .arg("wanted", other)
            .arg("account", caller.account)
            .help("advice-account-profile"));
    }
    let (organization, accounts) = describe(&caller, now).await;
    let access = match &request.role {
        Some(role) => role_access(&caller, caller.account, role, request.external_id.as_deref()),
        None => Access::Own(caller.client.clone()),
    };
    let account = accounts.iter().find(|account| account.id == caller.account).cloned();
    let account = account.unwrap_or_else(|| unknown(caller.account, None, now));
    let entry = entry(&account, access, caller.partition.clone(), organization.is_here(caller.account));
    Ok(Live {
        organization: organization.id,
        accounts,
        reach: Arc::new(Reach { entries: vec![entry], regions }),
        name: request.profile.clone().unwrap_or_else(|| caller.account.to_string()),
        client: caller.client,
        note: None,
    })
}

/// The regions that were asked for must be regions of the partition. Where they can't be listed, they are taken as they are.
async fn known_regions(caller: &Caller, asked: &[Region]) -> Result<()> {
    let home = home(&caller.client, &caller.partition);
    let known = match regions(&caller.client, &home).await {
        Ok(known) => known,
        Err(_) if !asked.is_empty() => return Ok(()),
        Err(error) => {
            return Err(UserError::said("error-regions-list").because(&error).help("advice-regions-list"));
        }
    };
    let Some(unknown) = asked.iter().find(|region| !known.iter().any(|state| state.region == **region)) else {
        return Ok(());
    };
    let names: Vec<_> = known.iter().map(|state| state.region.as_str()).collect();
    Err(UserError::said("error-region-unknown")
        .arg("region", unknown)
        .arg("partition", &caller.partition)
        .help("advice-regions")
        .arg("regions", names.join(", ")))
}

/// The region that is asked for the list of regions.
pub fn home(client: &Client, partition: &Partition) -> Region {
    let usual = || Region::parse(home_region(partition));
    Region::parse(client.region()).or_else(|_| usual()).unwrap_or_else(|_| Region::global())
}

impl Accounts for Reach {
    fn number(&self) -> usize {
        self.entries.len()
    }

    fn reach(&self, at: usize) -> BoxFuture<'_, Reached> {
        Box::pin(async move {
            let entry = &self.entries[at];
            let account = entry.account;
            match self.target(entry).await {
                Ok(Some(target)) => Reached::Target(Box::new(target)),
                Ok(None) => {
                    let Access::Closed(state) = &entry.access else {
                        return Reached::Refused { account, gap: internal() };
                    };
                    Reached::Closed { account, reason: state_words(*state).to_owned() }
                }
                Err(gap) => Reached::Refused { account, gap: *gap },
            }
        })
    }
}

fn internal() -> Gap {
    let (code, operation) = ("Internal".to_owned(), String::new());
    Gap { code, message: "the account has no client".to_owned(), operation, missing_action: None }
}

/// An account's state as AWS Organizations words it.
pub fn state_words(state: AccountState) -> &'static str {
    match state {
        AccountState::PendingActivation => "PENDING_ACTIVATION",
        AccountState::Active => "ACTIVE",
        AccountState::Suspended => "SUSPENDED",
        AccountState::PendingClosure => "PENDING_CLOSURE",
        AccountState::Closed => "CLOSED",
        AccountState::Unknown => "UNKNOWN",
    }
}

impl Reach {
    /// The account with its client and regions; nothing when it is closed.
    pub async fn target(&self, entry: &Entry) -> std::result::Result<Option<Target>, Box<Gap>> {
        let Some(client) = entry.access.client(entry.account) else { return Ok(None) };
        let refused = |error: ApiError| Box::new(gap(&error));
        // The credentials of a run have shown who they are; a role or another profile has not.
        if !entry.organization || matches!(entry.access, Access::Role { .. }) {
            let identity =
                client.call("sts", client.region(), "GetCallerIdentity", json!({})).await.map_err(refused)?;
            let account = identity["Account"].as_str().unwrap_or_default();
            if account != entry.account.as_str() {
                return Err(Box::new(Gap {
                    code: "OtherAccount".to_owned(),
                    message: format!("the credentials are those of account {account}, not of {}", entry.account),
                    operation: "sts:GetCallerIdentity".to_owned(),
                    missing_action: None,
                }));
            }
        }
        let asked = if entry.regions.is_empty() { &self.regions } else { &entry.regions };
        let (wanted, disabled) = match regions(&client, &home(&client, &entry.partition)).await {
            Ok(known) => divided(&known, asked),
            // The regions that the user named are enough; without any, there is nothing to go by.
            Err(_) if !asked.is_empty() => (asked.clone(), Vec::new()),
            Err(error) => return Err(refused(error)),
        };
        Ok(Some(Target {
            api: Arc::new(client),
            account: entry.account,
            partition: entry.partition.clone(),
            regions: wanted,
            disabled,
            organization: entry.organization,
        }))
    }
}

/// The regions to look at, and those that are wanted or known but not enabled.
fn divided(known: &[RegionState], asked: &[Region]) -> (Vec<Region>, Vec<Region>) {
    let chosen = |state: &&RegionState| asked.is_empty() || asked.contains(&state.region);
    let of = |enabled: bool| -> Vec<Region> {
        known.iter().filter(chosen).filter(|state| state.enabled == enabled).map(|state| state.region.clone()).collect()
    };
    (of(true), of(false))
}

/// What an account may know of its organization.
struct OwnOrganization {
    id: Option<String>,
    management: Option<String>,
}

impl OwnOrganization {
    /// Whether the organization is read from this account.
    fn is_here(&self, account: AccountId) -> bool {
        self.management.as_deref() == Some(account.as_str())
    }
}

/// What Organizations knows of the account, as far as this account may ask; otherwise its alias.
async fn describe(caller: &Caller, at: Timestamp) -> (OwnOrganization, Vec<Account>) {
    let api = &caller.client;
    let region = home_region(&caller.partition);
    let answer = api.call("organizations", region, "DescribeOrganization", json!({})).await.ok();
    let text = |name: &str| answer.as_ref().and_then(|answer| Some(answer["Organization"][name].as_str()?.to_owned()));
    let organization = OwnOrganization { id: text("Id"), management: text("MasterAccountId") };
    if organization.id.is_some()
        && let Ok(Some(account)) = own_account(api, region, caller.account, at).await
    {
        return (organization, vec![account]);
    }
    let alias = api.call("iam", region, "ListAccountAliases", json!({})).await.ok();
    let alias = alias.and_then(|answer| Some(answer["AccountAliases"][0].as_str()?.to_owned()));
    (organization, vec![unknown(caller.account, alias, at)])
}

fn unknown(id: AccountId, name: Option<String>, at: Timestamp) -> Account {
    Account { id, name, ou_path: None, state: AccountState::Unknown, tags: BTreeMap::new(), as_of: at }
}

/// The account with its name and the path of its organizational unit.
async fn own_account(
    api: &Client,
    region: &str,
    id: AccountId,
    at: Timestamp,
) -> std::result::Result<Option<Account>, ApiError> {
    let answer = api.call("organizations", region, "DescribeAccount", json!({"AccountId": id})).await?;
    let account = &answer["Account"];
    let ou_path = ou_path(api, region, id).await.ok();
    let name = account["Name"].as_str().map(str::to_owned);
    Ok(Some(Account { id, name, ou_path, state: org::state(account), tags: BTreeMap::new(), as_of: at }))
}

/// Deepest nesting that AWS allows is five; a loop of parents would be AWS's mistake, but must not be ours.
const DEEPEST: usize = 16;

async fn ou_path(api: &Client, region: &str, id: AccountId) -> std::result::Result<String, ApiError> {
    let mut names = Vec::new();
    let mut child = id.as_str().to_owned();
    for _ in 0..DEEPEST {
        let parents: Value = api.call("organizations", region, "ListParents", json!({"ChildId": child})).await?;
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
