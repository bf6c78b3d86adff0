//! `haechi org assignments`: assignments as a file wants them, against the record. Nothing is written to AWS: a plan is
//! a list of exact calls, also as a script of the AWS CLI.

use std::fmt::Write as _;
use std::path::PathBuf;

use haechi_access::center::{Assignee, Assignment, Center, DesiredState, Drift, Expansion, Plan, Planned, Unwanted};
use haechi_content::Diagnostic;
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::{Value, json};

use super::{Recorded, account_name, cautions, documents, provisioned, read_text};
use crate::App;
use crate::error::{Result, UserError};
use crate::respond::{ActAs, PlanView, RespondRequest};

/// The longest file.
const MOST_BYTES: u64 = 4 << 20;

/// Which file, against which record.
#[derive(Debug, Clone, Default)]
pub struct AssignmentsRequest {
    pub file: PathBuf,
    /// Take away what the file does not name.
    pub prune: bool,
    pub as_of: Option<String>,
}

/// A plan, or a difference.
#[derive(Debug, Clone)]
pub struct AssignmentsPlan {
    pub table: Table,
    pub json: Value,
    /// Lines of the AWS CLI; of a difference none.
    pub script: String,
    /// How many calls there are to make, or how many differences.
    pub changes: usize,
    pub cautions: Vec<Message>,
}

/// A file's wishes joined to the record.
struct Wished {
    recorded: Recorded,
    expansion: Expansion,
}

impl App {
    /// What has to be done for the recorded assignments to be as the file says.
    ///
    /// # Errors
    /// The file is malformed or names what nobody recorded; nothing is recorded of IAM Identity Center.
    pub fn plan_assignments(&self, request: &AssignmentsRequest) -> Result<AssignmentsPlan> {
        let wished = self.wished(request)?;
        let (world, directory) = (&wished.recorded.world, &wished.recorded.directory);
        let plan = wished.expansion.plan(world, directory, if request.prune { Unwanted::Go } else { Unwanted::Stay });
        let mut cautions = wished.cautions();
        let by_management = plan.create.iter().chain(&plan.delete).filter(|one| one.by_management_account).count();
        if by_management > 0 {
            cautions.push(Message::new("center-by-management").with("count", by_management));
        }
        Ok(AssignmentsPlan {
            table: wished.plan_table(&plan),
            json: wished.plan_json(&plan),
            script: wished.script(&plan),
            changes: plan.create.len() + plan.delete.len(),
            cautions,
        })
    }

    /// Hands a plan over to be kept, approved and applied as any response. None: there is nothing to do.
    ///
    /// # Errors
    /// As for a plan; AWS cannot be asked.
    pub async fn respond_assignments(
        &self,
        request: &AssignmentsRequest,
        act: ActAs,
    ) -> Result<(Vec<Message>, Option<PlanView>)> {
        let wished = self.wished(request)?;
        let (world, directory) = (&wished.recorded.world, &wished.recorded.directory);
        let mut plan =
            wished.expansion.plan(world, directory, if request.prune { Unwanted::Go } else { Unwanted::Stay });
        let cautions = wished.cautions();
        if plan.is_done() {
            return Ok((cautions, None));
        }
        let mut set = Vec::new();
        for (name, list) in [("create", &mut plan.create), ("delete", &mut plan.delete)] {
            // What a delegated administrator may not do comes last, so that it stops nothing else.
            list.sort_by_key(|one| one.by_management_account);
            let calls: Vec<_> = list.iter().map(|one| one.assignment.call()).collect();
            set.push(format!("{name}={}", json!(calls)));
        }
        let region = directory.instance(&wished.expansion.instance).map(|instance| instance.region.to_string());
        let request = RespondRequest {
            playbook: "change-assignments".to_owned(),
            set,
            finding: None,
            finding_file: None,
            account: None,
            region: region.filter(|region| !matches!(region.as_str(), "" | "global")),
            expires: None,
            act,
        };
        Ok((cautions, Some(self.respond_plan(&request).await?)))
    }

    /// Where the record is not as the file says: what is missing, what is there besides, and roles that are not as
    /// their permission set says.
    ///
    /// # Errors
    /// As for a plan.
    pub fn diff_assignments(&self, request: &AssignmentsRequest) -> Result<AssignmentsPlan> {
        let wished = self.wished(request)?;
        let (world, directory) = (&wished.recorded.world, &wished.recorded.directory);
        let plan = wished.expansion.plan(world, directory, Unwanted::Stay);
        let center = Center::new(world, directory, &documents);
        let mut rows = Vec::new();
        for (state, list) in [(MISSING, &plan.create), (EXTRA, &plan.extra)] {
            rows.extend(list.iter().map(|one| wished.row(state.clone(), one, Cell::Empty)));
        }
        let mut seen = std::collections::BTreeSet::new();
        for one in &plan.keep {
            let Assignment { set, account, .. } = &one.assignment;
            let drift = &center.provisioned(set, account).drift;
            if !drift.is_empty() && seen.insert((set, account)) {
                rows.push(wished.drifted(one, drift));
            }
        }
        let (missing, extra) = (plan.create.len(), plan.extra.len());
        let counts = Message::new("center-diff-counts")
            .with("missing", missing)
            .with("extra", extra)
            .with("outdated", rows.len() - missing - extra)
            .with("same", plan.keep.len());
        let changes = rows.len();
        let mut columns = columns();
        columns.insert(5, Column::new("provisioned", "center-column-provisioned", Fit::Spare));
        columns.push(Column::named("drift".to_owned(), Fit::Machine));
        let rows: Vec<Vec<Cell>> = rows;
        let table = Table {
            columns,
            rows,
            empty: Message::new("center-diff-none").with("same", plan.keep.len()),
            notes: vec![counts],
        };
        let cautions = wished.cautions();
        Ok(AssignmentsPlan { table, json: Value::Null, script: String::new(), changes, cautions })
    }

    fn wished(&self, request: &AssignmentsRequest) -> Result<Wished> {
        let text = read_text(&request.file, MOST_BYTES)?;
        let state = DesiredState::read(&request.file.display().to_string(), &text).map_err(malformed)?;
        let recorded = self.people(request.as_of.as_deref())?;
        let expansion = state.expand(&recorded.world, &recorded.directory).map_err(malformed)?;
        Ok(Wished { recorded, expansion })
    }
}

/// All that is wrong with a file, each with its place.
fn malformed(problems: Vec<Diagnostic>) -> UserError {
    let mut problems = problems.into_iter();
    let words = |problem: Diagnostic| problem.to_string().trim_start_matches("error: ").to_owned();
    let first = problems.next().map(words).unwrap_or_default();
    problems.map(words).take(20).fold(UserError::verbatim(first), UserError::because)
}

const CREATE: Cell = Cell::Word { raw: "create", id: "center-plan-create" };
const DELETE: Cell = Cell::Word { raw: "delete", id: "center-plan-delete" };
const MISSING: Cell = Cell::Word { raw: "missing", id: "center-diff-missing" };
const EXTRA: Cell = Cell::Word { raw: "extra", id: "center-diff-extra" };
const DRIFTED: Cell = Cell::Word { raw: "out-of-date", id: "center-diff-outdated" };

fn columns() -> Vec<Column> {
    vec![
        Column::new("change", "center-column-change", Fit::Whole),
        Column::new("account", "column-account", Fit::Whole),
        Column::new("accountName", "access-column-account-name", Fit::Middle),
        Column::new("permissionSet", "center-column-set", Fit::Middle),
        Column::new("principal", "center-column-assignee", Fit::Middle),
        Column::new("principalType", "center-column-kind", Fit::Spare),
        Column::named("entries".to_owned(), Fit::Machine),
        Column::named("byManagementAccountOnly".to_owned(), Fit::Machine),
        Column::named("parameters".to_owned(), Fit::Machine),
    ]
}

impl Wished {
    fn cautions(&self) -> Vec<Message> {
        let mut cautions = cautions(&self.recorded);
        for (account, status) in &self.expansion.left_out {
            let name = account_name(&self.recorded.world, account);
            let message = Message::new("center-left-out").with("account", &**account).with("name", name);
            cautions.push(message.with("status", &**status));
        }
        for entry in &self.expansion.empty {
            cautions.push(Message::new("center-entry-empty").with("entry", *entry));
        }
        cautions
    }

    fn set_name<'a>(&'a self, assignment: &'a Assignment) -> &'a str {
        let set = self.recorded.directory.permission_set(&assignment.set);
        set.map_or(&*assignment.set, |set| &*set.name)
    }

    fn assignee_name<'a>(&'a self, assignment: &'a Assignment) -> &'a str {
        let directory = &self.recorded.directory;
        let name = match assignment.assignee {
            Assignee::User => directory.user(&assignment.id).map(|user| &*user.name),
            Assignee::Group => directory.group(&assignment.id).map(|group| &*group.name),
        };
        name.unwrap_or(&assignment.id)
    }

    /// A row of a difference has one cell more, for the state of the role.
    fn row(&self, change: Cell, planned: &Planned, role: Cell) -> Vec<Cell> {
        let mut cells = self.plan_row(change, planned);
        cells.insert(5, role);
        cells.push(Cell::Empty);
        cells
    }

    fn drifted(&self, planned: &Planned, drift: &[Drift]) -> Vec<Cell> {
        let mut cells = self.row(DRIFTED, planned, provisioned(drift));
        cells.pop();
        cells.push(Cell::Json(json!(drift)));
        cells
    }

    fn plan_row(&self, change: Cell, planned: &Planned) -> Vec<Cell> {
        let assignment = &planned.assignment;
        let kind = match assignment.assignee {
            Assignee::User => Cell::Word { raw: "USER", id: "center-assignee-user" },
            Assignee::Group => Cell::Word { raw: "GROUP", id: "center-assignee-group" },
        };
        vec![
            change,
            Cell::Text(assignment.account.to_string()),
            Cell::Text(account_name(&self.recorded.world, &assignment.account).to_owned()),
            Cell::Text(self.set_name(assignment).to_owned()),
            Cell::Text(self.assignee_name(assignment).to_owned()),
            kind,
            Cell::Json(json!(planned.entries)),
            Cell::Json(json!(planned.by_management_account)),
            Cell::Json(json!(assignment.call())),
        ]
    }

    fn plan_table(&self, plan: &Plan) -> Table {
        let create = plan.create.iter().map(|one| self.plan_row(CREATE, one));
        let delete = plan.delete.iter().map(|one| self.plan_row(DELETE, one));
        let counts = Message::new("center-plan-counts")
            .with("create", plan.create.len())
            .with("delete", plan.delete.len())
            .with("keep", plan.keep.len())
            .with("extra", plan.extra.len())
            .with("overlaps", self.expansion.overlaps());
        Table {
            columns: columns(),
            rows: create.chain(delete).collect(),
            empty: Message::new("center-plan-none").with("keep", plan.keep.len()).with("extra", plan.extra.len()),
            notes: vec![counts],
        }
    }

    fn plan_json(&self, plan: &Plan) -> Value {
        let calls = |list: &[Planned], operation: &str| {
            list.iter()
                .map(|one| {
                    let mut value = self.described(one);
                    value["call"] = json!({"service": "sso-admin", "operation": operation,
                        "parameters": one.assignment.call()});
                    value
                })
                .collect::<Vec<_>>()
        };
        let described = |list: &[Planned]| list.iter().map(|one| self.described(one)).collect::<Vec<_>>();
        let left_out: Vec<Value> = (self.expansion.left_out.iter())
            .map(|(account, status)| json!({"account": account, "status": status}))
            .collect();
        json!({
            "schemaVersion": 1,
            "instanceArn": self.expansion.instance,
            "create": calls(&plan.create, "CreateAccountAssignment"),
            "delete": calls(&plan.delete, "DeleteAccountAssignment"),
            "keep": plan.keep.len(),
            "extra": described(&plan.extra),
            "overlapping": self.expansion.overlaps(),
            "leftOut": left_out,
        })
    }

    fn described(&self, planned: &Planned) -> Value {
        let assignment = &planned.assignment;
        json!({
            "account": assignment.account,
            "accountName": account_name(&self.recorded.world, &assignment.account),
            "permissionSet": self.set_name(assignment),
            "principalType": assignment.assignee.name(),
            "principalId": assignment.id,
            "principal": self.assignee_name(assignment),
            "entries": planned.entries,
            "byManagementAccountOnly": planned.by_management_account,
        })
    }

    /// The calls as lines for a shell: first what is new, those of the management account last of each.
    fn script(&self, plan: &Plan) -> String {
        let mut text = String::from(
            "#!/bin/sh\n# Assignments of IAM Identity Center, one call a line. AWS carries each out after it has answered:\n\
             # aws sso-admin list-account-assignment-creation-status tells how they went.\nset -eu\n",
        );
        let region = self.recorded.directory.instance(&self.expansion.instance).map(|instance| &*instance.region);
        for (word, list) in [("create", &plan.create), ("delete", &plan.delete)] {
            for is_management in [false, true] {
                let lines = list.iter().filter(|one| one.by_management_account == is_management);
                for (number, one) in lines.enumerate() {
                    if is_management && number == 0 {
                        text.push_str(
                            "# With credentials of the management account: a delegated administrator may not.\n",
                        );
                    }
                    self.line(&mut text, word, region, &one.assignment);
                }
            }
        }
        text
    }

    fn line(&self, text: &mut String, word: &str, region: Option<&str>, assignment: &Assignment) {
        let comment = format!(
            "{} for {} in {}",
            self.set_name(assignment),
            self.assignee_name(assignment),
            account_name(&self.recorded.world, &assignment.account)
        );
        // A name is whatever somebody has typed: it must not end the comment.
        let comment: String = comment.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        let call = assignment.call();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# {comment}");
        let _ = write!(text, "aws sso-admin {word}-account-assignment");
        if let Some(region) = region.filter(|region| !matches!(*region, "" | "global")) {
            let _ = write!(text, " --region {}", quoted(region));
        }
        let _ = writeln!(
            text,
            " --instance-arn {} --target-id {} --target-type {} --permission-set-arn {} --principal-type {} --principal-id {}",
            quoted(call.instance_arn),
            quoted(call.target_id),
            call.target_type,
            quoted(call.permission_set_arn),
            call.principal_type,
            quoted(call.principal_id),
        );
    }
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
