//! The doctor: are the credentials good, what can they reach, and which IAM policy does Haechi need.

use haechi_aws::Api as _;
use haechi_inventory::{Collectors, home_region, regions};
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::{Value, json};

use crate::App;
use crate::error::{Result, UserError};
use crate::live::{Caller, LiveRequest, connect, home};

/// Actions that Haechi needs besides those of its collectors.
const BESIDES: [(&str, &str); 12] = [
    ("sts", "GetCallerIdentity"),
    ("ec2", "DescribeRegions"),
    ("organizations", "DescribeAccount"),
    ("organizations", "DescribeOrganization"),
    ("organizations", "DescribeOrganizationalUnit"),
    ("organizations", "ListAccountsForParent"),
    ("organizations", "ListOrganizationalUnitsForParent"),
    ("organizations", "ListParents"),
    ("organizations", "ListRoots"),
    ("organizations", "ListTagsForResource"),
    ("iam", "ListAccountAliases"),
    ("iam", "GetAccountSummary"),
];

/// Whom to ask.
#[derive(Debug, Clone, Default)]
pub struct DoctorRequest {
    pub profile: Option<String>,
}

/// The least IAM policy with which everything can be collected: it only reads.
pub fn audit_policy() -> Result<Value> {
    let collectors = Collectors::embedded().map_err(|error| UserError::said("error-collector").because(error))?;
    let besides = BESIDES.iter().map(|(service, operation)| haechi_aws::iam_action(service, operation));
    Ok(haechi_inventory::audit_policy(&collectors, besides))
}

impl App {
    /// One line a check; false when the account cannot be assessed at all.
    pub async fn doctor(&self, request: &DoctorRequest) -> Result<(Table, bool)> {
        let mut rows = Vec::new();
        let mut line = |what: &str, good: bool, detail: String| {
            let verdict = if good { "doctor-good" } else { "doctor-bad" };
            rows.push(vec![
                Cell::Message(Message::new(what)),
                Cell::Message(Message::new(verdict)),
                Cell::Text(detail),
            ]);
        };
        let profile = request.profile.clone().or_else(|| self.settings.profile.clone());
        let caller = connect(&LiveRequest { profile, ..LiveRequest::default() }).await?;
        line("doctor-credentials", true, caller.arn.to_string());
        match regions(&caller.client, &home(&caller.client, &caller.partition)).await {
            Ok(known) => {
                let names: Vec<_> =
                    known.iter().filter(|state| state.enabled).map(|state| state.region.to_string()).collect();
                line("doctor-regions", true, names.join(", "));
            }
            Err(error) => line("doctor-regions", false, error.to_string()),
        }
        for (what, service, operation, input) in probes(&caller) {
            let region =
                if haechi_aws::is_global(service) { home_region(&caller.partition) } else { caller.client.region() };
            match caller.client.call(service, region, operation, input).await {
                Ok(_) => line(what, true, format!("{service}:{operation}")),
                Err(error) if error.kind == haechi_aws::ErrorKind::NotFound => {
                    line(what, true, format!("{service}:{operation}"))
                }
                Err(error) => {
                    let action = error.missing_action().map(|action| format!(" (allow {action})")).unwrap_or_default();
                    line(what, false, format!("{error}{action}"));
                }
            }
        }
        line("doctor-store", true, self.store.display().to_string());
        let table = Table {
            columns: vec![
                Column::new("check", "column-check-name", Fit::Whole),
                Column::new("result", "column-result", Fit::Whole),
                Column::new("detail", "column-detail", Fit::End),
            ],
            rows,
            empty: Message::new("list-nothing"),
            notes: vec![Message::new("doctor-policy")],
        };
        Ok((table, true))
    }
}

/// One harmless call a service that matters most.
fn probes(caller: &Caller) -> Vec<(&'static str, &'static str, &'static str, Value)> {
    vec![
        ("doctor-iam", "iam", "GetAccountSummary", json!({})),
        ("doctor-s3", "s3", "ListBuckets", json!({})),
        ("doctor-ec2", "ec2", "DescribeSecurityGroups", json!({"MaxResults": 5})),
        ("doctor-cloudtrail", "cloudtrail", "DescribeTrails", json!({})),
        ("doctor-kms", "kms", "ListKeys", json!({"Limit": 1})),
        ("doctor-account-block", "s3control", "GetPublicAccessBlock", json!({"AccountId": caller.account})),
        ("doctor-organizations", "organizations", "DescribeOrganization", json!({})),
    ]
}
