//! `haechi iam`: who may do what.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use haechi_app::{Answers, App, Exit, Result, UserError};

use crate::iam_ask::{self, One, WhatCan, WhoCan};
use crate::iam_external::{self, Check, External};
use crate::iam_paths::{self, EscalationPaths};
use crate::iam_policies::{self, Actions, Lint};
use crate::iam_sharing::{self, Sharing};
use crate::iam_unused::{self, Generate, Unused};
use crate::screen::Screen;

#[derive(Debug, Subcommand)]
pub enum Iam {
    /// Decide requests as AWS does, over all policies that bear on them, and say why
    #[command(after_help = "Examples:
  haechi iam simulate --principal arn:aws:iam::111122223333:role/app --action s3:GetObject --resource arn:aws:s3:::notes/a
  haechi iam simulate --principal '*' --action s3:GetObject --resource arn:aws:s3:::web/a --context aws:SourceIp=203.0.113.7
  haechi iam simulate --batch questions.jsonl > answers.jsonl
  haechi iam simulate --batch - --no-explain < questions.jsonl

A line of a batch is one question with everything in it: request, identityPolicies, permissionBoundaries,
sessionPolicy, scps, rcps, resourcePolicy, endpointPolicies and settings. docs/iam.md shows one, and its answer.

Exit codes: 0 it is allowed, every line is answered; 1 the one request is denied or cannot be decided;
2 some line could not be read (its record says why).")]
    Simulate(Box<Simulate>),
    /// List everybody who can do something: in all recorded accounts, and outside as the resource's policy says
    #[command(after_help = "Examples:
  haechi iam who-can s3:GetObject 'arn:aws:s3:::notes/*'
  haechi iam who-can sts:AssumeRole arn:aws:iam::111122223333:role/admin --format json
  haechi iam who-can iam:CreateUser --no-scps

Answers: yes; conditional (on condition keys, or for some of the resources); undecidable (a policy was not recorded).")]
    WhoCan(WhoCan),
    /// List everything that somebody can do
    #[command(after_help = "Examples:
  haechi iam what-can arn:aws:iam::111122223333:user/mina
  haechi iam what-can arn:aws:iam::111122223333:role/app --service s3 --resource 'arn:aws:s3:::notes/*'")]
    WhatCan(WhatCan),
    /// List the ways to escalate to an administrator's rights, or to somebody's, with the evidence of each step and what cuts it
    #[command(after_help = "Examples:
  haechi iam paths
  haechi iam paths --from arn:aws:iam::111122223333:user/mina
  haechi iam paths --to arn:aws:iam::111122223333:role/admin --format json
  haechi iam paths --account 111122223333 --max-steps 1 --format csv

Exit codes: 0 no path from a principal that is not an administrator; 1 some path; 2 it could not search.")]
    Paths(EscalationPaths),
    /// List who outside the zone of trust reaches which resource, each with an example request
    #[command(after_help = "Examples:
  haechi iam external
  haechi iam external --type Bucket --account 111122223333
  haechi iam external --zone o-exampleorgid 444455556666 --format json

Exit codes: 0 nothing is open; 1 something is, or cannot be decided.")]
    External(External),
    /// Tell what it takes for another account to launch a shared image, copy or decrypt a snapshot, use a key: which permission is there, and which is missing
    #[command(after_help = "Examples:
  haechi iam sharing
  haechi iam sharing --roles
  haechi iam sharing ami-0123456789abcdef0 --with 444455556666
  haechi iam sharing ami-0123456789abcdef0 --with 444455556666 --may launch
  haechi iam sharing ami-0123456789abcdef0 --with arn:aws:iam::444455556666:role/builder --may auto-scaling
  haechi iam sharing alias/images --with 444455556666 --may decrypt --format json

Exit codes: 0 all that was asked about is there, as far as the recorded accounts tell; 1 something is missing,
or cannot be decided; 2 it could not be asked.")]
    Sharing(Sharing),
    /// List roles, access keys, passwords and permissions that nobody uses
    #[command(after_help = "Examples:
  haechi iam unused
  haechi iam unused --days 45 --type key,password --format csv
  haechi iam unused --logs ./logs --account 111122223333
  haechi iam unused --logs s3://my-trail-bucket --except-tag purpose=break-glass --format json

Permissions are told by --logs, and by what `haechi record --last-accessed` recorded; without either they are not looked at.
What record and logs do not tell is never called unused: --all lists it.

Exit codes: 0 nothing is unused; 1 something is; 2 it could not be told.")]
    Unused(Unused),
    /// Write the policy of what a user or role used, as CloudTrail's logs show it
    #[command(after_help = "Examples:
  haechi iam generate arn:aws:iam::111122223333:role/app ./logs > app.json
  haechi iam generate arn:aws:iam::111122223333:role/app s3://my-trail-bucket --since 90d --resources exact
  haechi iam generate arn:aws:iam::111122223333:user/mina ./logs --compare --format json

The policy is on stdout (one a line, where it takes several), what the logs do not show on stderr.

Exit codes: 0 there is a policy; 1 the logs show nothing that the principal used; 2 it could not be read.")]
    Generate(Generate),
    /// Check that a policy allows no new access, no public access, or none of some actions, with an example request
    #[command(after_help = "Examples:
  haechi iam check --no-new-access old.json new.json
  haechi iam check --no-public bucket-policy.json --type AWS::S3::Bucket
  haechi iam check --not-granted 'iam:*' --not-granted s3:DeleteBucket role.json

Exit codes: 0 it passes; 1 it fails or cannot be decided; 2 it could not be checked.")]
    Check(Check),
    /// List actions with their access level, resource types and condition keys
    #[command(after_help = "Examples:
  haechi iam actions 's3:Put*' --level write
  haechi iam actions '*' --resource arn:aws:kms:us-east-1:111122223333:key/4f7a --format csv
  haechi iam actions 'ec2:*' --key aws:RequestTag/team --format jsonl

Exit codes: 0 some action matches; 1 none does.")]
    Actions(Actions),
    /// Check policies as AWS's policy validation does, and more
    #[command(after_help = "Examples:
  haechi iam lint policy.json
  haechi iam lint policies/ --format sarif > lint.sarif
  haechi iam lint --type scp deny-regions.json --fail-on warning
  haechi iam lint --type resource --resource-type AWS::S3::Bucket - < bucket-policy.json
  haechi iam lint --checks

Exit codes: 0 nothing at or above --fail-on; 1 something; 2 a file could not be read.")]
    Lint(Lint),
}

#[derive(Debug, Args)]
pub struct Simulate {
    /// Answer self-contained questions, one JSON object a line; `-`: from stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "principal")]
    pub batch: Option<PathBuf>,
    /// Decisions only, without layers and reasons
    #[arg(long)]
    pub no_explain: bool,
    #[command(flatten)]
    pub one: One,
}

pub fn run(app: &App, screen: &Screen, command: Iam) -> Result<Exit> {
    match command {
        Iam::Simulate(arguments) if arguments.one.principal.is_some() => iam_ask::simulate(app, screen, arguments.one),
        Iam::Simulate(arguments) => simulate(app, screen, &arguments),
        Iam::WhoCan(arguments) => iam_ask::who_can(app, screen, arguments),
        Iam::WhatCan(arguments) => iam_ask::what_can(app, screen, arguments),
        Iam::Paths(arguments) => iam_paths::paths(app, screen, arguments),
        Iam::External(arguments) => iam_external::external(app, screen, arguments),
        Iam::Sharing(arguments) => iam_sharing::sharing(app, screen, arguments),
        Iam::Unused(arguments) => iam_unused::unused(app, screen, arguments),
        Iam::Generate(arguments) => iam_unused::generate(app, screen, arguments),
        Iam::Check(arguments) => iam_external::check(app, screen, arguments),
        Iam::Actions(arguments) => iam_policies::actions(app, screen, arguments),
        Iam::Lint(arguments) => iam_policies::lint(app, screen, arguments),
    }
}

fn simulate(app: &App, screen: &Screen, arguments: &Simulate) -> Result<Exit> {
    let answers = if arguments.no_explain { Answers::Short } else { Answers::Explained };
    let path = arguments.batch.clone().unwrap_or_else(|| PathBuf::from("-"));
    let mut out = screen.stream();
    let summary = if path == *"-" {
        app.simulate_batch(&mut std::io::stdin().lock(), answers, &mut out)
    } else {
        let file = std::fs::File::open(&path)
            .map_err(|error| UserError::said("iam-batch-open").arg("path", path.display()).because(error))?;
        app.simulate_batch(&mut std::io::BufReader::with_capacity(1 << 18, file), answers, &mut out)
    };
    out.end()?;
    let summary = summary?;
    if summary.unanswered == 0 {
        return Ok(Exit::Clean);
    }
    let all = summary.answered + summary.unanswered;
    screen.say("iam-batch-unanswered", &[("count", summary.unanswered.into()), ("all", all.into())]);
    Ok(Exit::Failed)
}
