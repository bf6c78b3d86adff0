//! `haechi resources`: what was recorded, its history and its relations.

use clap::{Args, Subcommand};
use haechi_app::{App, Deleted, Exit, ResourceQuery, ResourceWord, Result};
use haechi_report::Format;

use crate::arguments::Listing;
use crate::commands::{IN_FULL, json, listed, one_of};
use crate::screen::Screen;

#[derive(Debug, Subcommand)]
pub enum Resources {
    /// List what was recorded
    #[command(after_help = "Examples:
  haechi resources list --type AWS::EC2::Instance --tag env=prod
  haechi resources list --resource '*-www' --account 111122223333
  haechi resources list --deleted --format csv
  haechi resources list --as-of 2026-11-01")]
    List(List),
    /// Show one resource as AWS Config's configuration item
    #[command(after_help = "Examples:
  haechi resources show i-0abc1234def567890
  haechi resources show web-logs --as-of 2026-11-01T09:00+09:00")]
    Show {
        #[command(flatten)]
        resource: Named,
        #[command(flatten)]
        moment: Moment,
    },
    /// Show the history of one resource: when it changed, what, and who changed it
    #[command(after_help = "Examples:
  haechi resources timeline sg-0abc1234def567890
  haechi resources timeline web-logs --from 30d --format json")]
    Timeline {
        #[command(flatten)]
        resource: Named,
        /// Versions from this moment on (2026-11-22, 2026-11-22T09:30+09:00, 3d ago as 3d)
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Versions up to this moment
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show what is different between two versions of a resource
    #[command(after_help = "Examples:
  haechi resources diff web-logs                       the last change
  haechi resources diff web-logs --from 3 --to 5       by the numbers of the timeline
  haechi resources diff web-logs --from 7d --to now --format json")]
    Diff {
        #[command(flatten)]
        resource: Named,
        /// The older version: its number, or a moment [default: the one before the newer]
        #[arg(long, value_name = "VERSION")]
        from: Option<String>,
        /// The newer version: its number, or a moment [default: the last one]
        #[arg(long, value_name = "VERSION")]
        to: Option<String>,
        /// table or json (AWS Config's configurationItemDiff)
        #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
        format: String,
    },
    /// Show what a resource is related to, and what is related to it
    #[command(after_help = "Example:
  haechi resources related vpc-0abc1234def567890")]
    Related {
        #[command(flatten)]
        resource: Named,
        #[command(flatten)]
        moment: Moment,
        /// table, json, jsonl or csv
        #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
        format: String,
    },
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    listing: Listing,
    #[command(flatten)]
    place: Place,
    /// Resources by ARN, id or name, with * and ?
    #[arg(long, alias = "name", value_name = "GLOB", value_delimiter = ',', help_heading = "Filters")]
    resource: Vec<String>,
    /// Tags: KEY or KEY=VALUE; all of them must be there
    #[arg(long, value_name = "TAG", value_delimiter = ',', help_heading = "Filters")]
    tag: Vec<String>,
    /// Those that are gone
    #[arg(long, help_heading = "Filters")]
    deleted: bool,
    #[command(flatten)]
    moment: Moment,
}

#[derive(Debug, Args)]
pub struct Moment {
    /// As it was at this moment (2026-11-22, 2026-11-22T09:30+09:00, 3d ago as 3d)
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
}

#[derive(Debug, Args)]
pub struct Place {
    /// Resource types, such as AWS::S3::Bucket
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', help_heading = "Filters")]
    types: Vec<String>,
    /// Account ids
    #[arg(long, value_name = "ID", value_delimiter = ',', help_heading = "Filters")]
    account: Vec<String>,
    /// Regions, or `global`
    #[arg(long, value_name = "REGION", value_delimiter = ',', help_heading = "Filters")]
    region: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Named {
    /// Its ARN, its id or its name
    #[arg(value_name = "RESOURCE")]
    name: String,
    #[command(flatten)]
    place: Place,
}

impl Named {
    fn word(self) -> ResourceWord {
        let Place { types, account, region } = self.place;
        ResourceWord { word: self.name, types, accounts: account, regions: region }
    }
}

const ROWS: [Format; 4] = [Format::Table, Format::Json, Format::Jsonl, Format::Csv];

pub fn run(app: &App, screen: &Screen, command: Resources) -> Result<Exit> {
    match command {
        Resources::List(arguments) => {
            let (format, page) = listed(&arguments.listing)?;
            let query = ResourceQuery {
                types: arguments.place.types,
                accounts: arguments.place.account,
                regions: arguments.place.region,
                tags: arguments.tag,
                names: arguments.resource,
                deleted: if arguments.deleted { Deleted::Only } else { Deleted::LeftOut },
                as_of: arguments.moment.as_of,
            };
            screen.table(&app.resources(&query, page)?, format)?;
        }
        Resources::Show { resource, moment } => {
            json(screen, &app.resource(&resource.word(), moment.as_of.as_deref())?)?;
        }
        Resources::Timeline { resource, from, to, listing } => {
            let (format, page) = listed(&listing)?;
            let (table, value) = app.timeline(&resource.word(), from.as_deref(), to.as_deref(), page)?;
            match format {
                Format::Json => json(screen, &value)?,
                Format::Jsonl => {
                    for line in value.as_array().into_iter().flatten() {
                        screen.text(&format!("{line}\n"))?;
                    }
                }
                _ => screen.table(&table, format)?,
            }
        }
        Resources::Diff { resource, from, to, format } => {
            let format = one_of(&format, &IN_FULL)?;
            let found = app.resource_diff(&resource.word(), from.as_deref(), to.as_deref())?;
            match format {
                Format::Json => json(screen, &serde_json::json!(found.diff))?,
                _ => screen.difference(&found.lines)?,
            }
        }
        Resources::Related { resource, moment, format } => {
            let format = one_of(&format, &ROWS)?;
            screen.table(&app.related(&resource.word(), moment.as_of.as_deref())?, format)?;
        }
    }
    Ok(Exit::Clean)
}
