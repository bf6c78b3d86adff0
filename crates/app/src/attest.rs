//! Attestations: a person's word, with evidence and an end, that a control or a process check is fulfilled.

use haechi_model::{AccountId, Message};
use haechi_report::{Cell, Column, Fit, Table};
use haechi_store::Attestation;

use crate::error::{Result, UserError};
use crate::findings::until;
use crate::{App, in_store};

/// Days that an attestation stands when nobody says until when.
const STANDS_DAYS: i64 = 365;

/// What is stated, by whom and on what grounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestRequest {
    pub subject: String,
    pub who: String,
    pub evidence: String,
    pub until: Option<String>,
    pub accounts: Vec<String>,
}

impl App {
    pub fn attest(&self, request: &AttestRequest) -> Result<Attestation> {
        let subject = request.subject.trim();
        if subject.is_empty() || request.evidence.trim().is_empty() {
            return Err(UserError::said("error-attestation-empty").help("advice-attestation"));
        }
        // `catalogue:id` must exist; anything else is the name of a process check in somebody's pack.
        if subject.contains(':')
            && let Err(unknown) = self.content.controls().find(subject)
        {
            let error = UserError::said("error-control").arg("text", unknown.message);
            return Err(match unknown.meant {
                Some(meant) => error.help("advice-near").arg("near", meant),
                None => error,
            });
        }
        let now = self.now();
        let accounts = request.accounts.iter().map(|id| AccountId::parse(id.trim()));
        let accounts = accounts
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|error| UserError::said("error-flag").arg("flag", "account").arg("text", error))?;
        let expires = match &request.until {
            Some(text) => until("until", text)?,
            None => now.plus_days(STANDS_DAYS),
        };
        if expires <= now {
            return Err(UserError::said("error-until-past"));
        }
        let attestation = Attestation {
            subject: subject.to_owned(),
            who: request.who.clone(),
            at: now,
            evidence: request.evidence.trim().to_owned(),
            expires: Some(expires),
            accounts,
        };
        self.writable_store()?.attest(&attestation).map_err(in_store)?;
        Ok(attestation)
    }

    pub fn attestations(&self) -> Result<Table> {
        let all = self.existing_store()?.attestations(self.now()).map_err(in_store)?;
        let rows = all.iter().map(|attestation| {
            let accounts: Vec<_> = attestation.accounts.iter().map(ToString::to_string).collect();
            vec![
                Cell::Text(attestation.subject.clone()),
                Cell::Text(attestation.who.clone()),
                Cell::Text(attestation.at.date()),
                attestation.expires.map_or(Cell::Empty, |expires| Cell::Text(expires.date())),
                if accounts.is_empty() { Cell::Message(Message::new("all-accounts")) } else { Cell::List(accounts) },
                Cell::Text(attestation.evidence.clone()),
            ]
        });
        Ok(Table {
            columns: vec![
                Column::new("subject", "column-subject", Fit::Middle),
                Column::new("who", "column-who", Fit::Middle),
                Column::new("at", "column-at", Fit::Whole),
                Column::new("expires", "column-expires", Fit::Whole),
                Column::new("accounts", "column-account", Fit::Middle),
                Column::new("evidence", "column-evidence", Fit::End),
            ],
            rows: rows.collect(),
            empty: Message::new("list-no-attestations"),
            notes: Vec::new(),
        })
    }
}
