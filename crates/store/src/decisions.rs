//! What people decide: suppressions, assignments, comments and attestations. Each is a row of its own;
//! nothing is overwritten, so that it can be shown later who decided what and when.

use haechi_model::{FindingId, Timestamp};
use rusqlite::params;

use crate::Result;
use crate::error::StoreError;
use crate::fault::{Fault, from_json, to_json};
use crate::filter_expression::FilterExpression;
use crate::open::Store;
use crate::records::{Attestation, Comment, Lifted, NewSuppression, Suppression, SuppressionId};

impl Store {
    pub fn suppress(&mut self, terms: &NewSuppression) -> Result<SuppressionId> {
        let written = self.in_transaction(|connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO h_suppressions (filter, reason, owner, created, expires) VALUES (?, ?, ?, ?, ?)",
            )?;
            let id = insert.insert(params![
                terms.filter.as_str(),
                terms.reason,
                terms.owner,
                terms.created.as_micros(),
                terms.expires.map(Timestamp::as_micros)
            ])?;
            Ok(SuppressionId(id))
        });
        self.told(written)
    }

    /// Lifts a suppression from a moment on; [`StoreError::NotFound`] when there is none that is not lifted.
    pub fn unsuppress(&mut self, id: SuppressionId, by: &str, at: Timestamp) -> Result<()> {
        let written = self.in_transaction(|connection| {
            let lifted = connection.execute(
                "UPDATE h_suppressions SET lifted_at = ?, lifted_by = ? WHERE id = ? AND lifted_at IS NULL",
                params![at.as_micros(), by, id.0],
            )?;
            match lifted {
                0 => Err(StoreError::NotFound { what: "suppression", wanted: id.to_string() }.into()),
                _ => Ok(()),
            }
        });
        self.told(written)
    }

    /// All suppressions in the order in which they were made, expired and lifted ones too.
    pub fn suppressions(&self) -> Result<Vec<Suppression>> {
        self.told(self.all_suppressions())
    }

    pub(crate) fn all_suppressions(&self) -> Result<Vec<Suppression>, Fault> {
        self.all(
            "SELECT id, filter, reason, owner, created, expires, lifted_at, lifted_by FROM h_suppressions ORDER BY id",
            (),
            |row| {
                let filter = FilterExpression::parse(&row.get::<String>(1)?).map_err(StoreError::from)?;
                let at: Option<i64> = row.get(6)?;
                let by: Option<String> = row.get(7)?;
                Ok(Suppression {
                    id: SuppressionId(row.get(0)?),
                    terms: NewSuppression {
                        filter,
                        reason: row.get(2)?,
                        owner: row.get(3)?,
                        created: Timestamp::from_micros(row.get(4)?),
                        expires: row.get::<Option<i64>>(5)?.map(Timestamp::from_micros),
                    },
                    lifted: at.map(|at| Lifted { at: Timestamp::from_micros(at), by: by.unwrap_or_default() }),
                })
            },
        )
    }

    /// Gives a finding to someone, or to no one any more.
    pub fn assign(&mut self, finding: FindingId, to: Option<&str>, by: &str, at: Timestamp) -> Result<()> {
        let written = self.in_transaction(|connection| {
            self.must_have_finding(finding)?;
            connection.execute(
                "INSERT INTO h_assignments (finding, assignee, by, at) VALUES (?, ?, ?, ?)",
                params![finding.bytes(), to, by, at.as_micros()],
            )?;
            Ok(())
        });
        self.told(written)
    }

    pub fn comment(&mut self, finding: FindingId, comment: &Comment) -> Result<()> {
        let written = self.in_transaction(|connection| {
            self.must_have_finding(finding)?;
            connection.execute(
                "INSERT INTO h_comments (finding, by, at, text) VALUES (?, ?, ?, ?)",
                params![finding.bytes(), comment.by, comment.at.as_micros(), comment.text],
            )?;
            Ok(())
        });
        self.told(written)
    }

    /// The comments on a finding, in the order in which they were written.
    pub fn comments(&self, finding: FindingId) -> Result<Vec<Comment>> {
        self.told(self.all(
            "SELECT at, by, text FROM h_comments WHERE finding = ? ORDER BY id",
            [finding.bytes()],
            |row| Ok(Comment { at: Timestamp::from_micros(row.get(0)?), by: row.get(1)?, text: row.get(2)? }),
        ))
    }

    pub fn attest(&mut self, attestation: &Attestation) -> Result<()> {
        let written = self.in_transaction(|connection| {
            connection.execute(
                "INSERT INTO h_attestations (subject, who, at, evidence, expires, accounts) VALUES (?, ?, ?, ?, ?, ?)",
                params![
                    attestation.subject,
                    attestation.who,
                    attestation.at.as_micros(),
                    attestation.evidence,
                    attestation.expires.map(Timestamp::as_micros),
                    to_json(&attestation.accounts)?
                ],
            )?;
            Ok(())
        });
        self.told(written)
    }

    /// The attestations that stand at a moment, in the order in which they were made.
    pub fn attestations(&self, at: Timestamp) -> Result<Vec<Attestation>> {
        let mut all = self.all_attestations()?;
        all.retain(|attestation| attestation.stands_at(at));
        Ok(all)
    }

    /// All attestations, expired ones too.
    pub fn all_attestations(&self) -> Result<Vec<Attestation>> {
        self.told(self.all(
            "SELECT subject, who, at, evidence, expires, accounts FROM h_attestations ORDER BY id",
            (),
            |row| {
                Ok(Attestation {
                    subject: row.get(0)?,
                    who: row.get(1)?,
                    at: Timestamp::from_micros(row.get(2)?),
                    evidence: row.get(3)?,
                    expires: row.get::<Option<i64>>(4)?.map(Timestamp::from_micros),
                    accounts: from_json(&row.get::<String>(5)?, "an attestation")?,
                })
            },
        ))
    }
}
