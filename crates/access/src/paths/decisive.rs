//! Whose rights are an administrator's: actions that only administrators may do all of, on resources that nobody has
//! named. One definition for escalation paths and for the levels of access.

use haechi_iam::{Action, Tri};

const DECISIVE: [(&str, &str); 10] = [
    ("iam:PutRolePolicy", "arn:aws:iam::{account}:role/haechi-asks"),
    ("iam:AttachUserPolicy", "arn:aws:iam::{account}:user/haechi-asks"),
    ("iam:CreateAccessKey", "arn:aws:iam::{account}:user/haechi-asks"),
    ("iam:UpdateAssumeRolePolicy", "arn:aws:iam::{account}:role/haechi-asks"),
    ("iam:PassRole", "arn:aws:iam::{account}:role/haechi-asks"),
    ("s3:GetObject", "arn:aws:s3:::haechi-asks/one"),
    ("ec2:TerminateInstances", "arn:aws:ec2:us-east-1:{account}:instance/i-0aaaaaaaaaaaaaaaa"),
    ("lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:{account}:function:haechi-asks"),
    ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:{account}:secret:haechi-asks-AbCdEf"),
    ("dynamodb:DeleteTable", "arn:aws:dynamodb:us-east-1:{account}:table/haechi-asks"),
];

/// A question about an action on a resource.
pub(crate) type Ask<'a> = &'a dyn Fn(&Action, &str) -> Tri;

/// The decisive actions, ready for questions.
pub(crate) struct Decisive(Vec<(Action, &'static str)>);

impl Default for Decisive {
    fn default() -> Decisive {
        Decisive(DECISIVE.iter().filter_map(|(name, on)| Some((Action::parse(name).ok()?, *on))).collect())
    }
}

impl Decisive {
    /// Whether these are the rights of an administrator of an account: `granted` as if there were no SCPs, `left`
    /// under them, where there are any.
    pub fn of_administrator(
        &self,
        account: &str,
        granted: impl Fn(&Action, &str) -> Tri,
        left: Option<Ask<'_>>,
    ) -> Tri {
        let mut all = Tri::Yes;
        // SCPs forbid administrators one action or another: what counts is that some way to rule over access is left.
        let mut some_left = if left.is_some() { Tri::No } else { Tri::Yes };
        for (action, on) in &self.0 {
            let on = on.replace("{account}", account);
            let allowed = granted(action, &on);
            if allowed == Tri::No {
                return Tri::No;
            }
            all = all.and(allowed);
            if let Some(left) = left
                && some_left != Tri::Yes
                && is_of_iam(action)
            {
                some_left = some_left.or(left(action, &on));
            }
        }
        all.and(some_left)
    }

    /// Whether everything but the rule over access is allowed, as by AWS's PowerUserAccess.
    pub fn of_power_user(&self, account: &str, allowed: impl Fn(&Action, &str) -> Tri) -> Tri {
        let mut all = Tri::Yes;
        for (action, on) in self.0.iter().filter(|(action, _)| !is_of_iam(action)) {
            all = all.and(allowed(action, &on.replace("{account}", account)));
            if all == Tri::No {
                return Tri::No;
            }
        }
        all
    }
}

fn is_of_iam(action: &Action) -> bool {
    action.service() == "iam"
}
