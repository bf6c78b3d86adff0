//! From arguments to the app and from its answers to the screen; no logic of its own.

use haechi_app::{
    App, AssessRequest, Assessment, AttestRequest, DoctorRequest, Exit, FailOn, LiveRequest, Page, Progress, Result,
    Selection, Since, Step, Stop, SuppressRequest, UserError, Whole,
};
use haechi_report::{Format, FormatError};
use serde_json::Value;

use crate::arguments::{
    Assess, Attest, Command, Content, Doctor, Filters, Findings, Listing, Output, Packs, ReportArgs, Rules, Suppress,
};
use crate::progress::Bar;
use crate::screen::Screen;

pub fn run(app: &App, screen: &Screen, command: Command) -> Result<Exit> {
    match command {
        Command::Demo(output) => demo(app, screen, &output),
        Command::Assess(arguments) => assess(app, screen, *arguments),
        Command::Record(arguments) => crate::record::run(app, screen, *arguments),
        Command::Org(command) => crate::org::run(app, screen, command),
        Command::Report(arguments) => report(app, screen, &arguments),
        Command::Findings(command) => findings(app, screen, command),
        Command::Query(arguments) => crate::query::run(app, screen, *arguments),
        Command::Resources(command) => crate::resources::run(app, screen, command),
        Command::Rules(command) => rules(app, screen, command),
        Command::Notify(command) => crate::notify::run(app, screen, command),
        Command::Respond(arguments) => crate::respond::run(app, screen, *arguments),
        Command::Packs(command) => packs(app, screen, command),
        Command::Content(Content::Test { dir }) => content_test(screen, dir.as_deref()),
        Command::Attest(arguments) => attest(app, screen, arguments),
        Command::Purge(arguments) => crate::purge::run(app, screen, &arguments),
        Command::Investigate(arguments) => crate::investigate::run(app, screen, *arguments),
        Command::Detect(arguments) => crate::detect::run(app, screen, *arguments),
        Command::Logs(command) => crate::logs::run(app, screen, command),
        Command::Iam(command) => crate::iam::run(app, screen, command),
        Command::Doctor(arguments) => doctor(app, screen, arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut crate::help::command(screen.language), "haechi", &mut script);
            screen.text(&String::from_utf8_lossy(&script)).map(|()| Exit::Clean)
        }
        Command::Man => {
            let mut page = Vec::new();
            let rendered = clap_mangen::Man::new(crate::help::command(screen.language)).render(&mut page);
            rendered.map_err(|error| UserError::said("error-manual").because(error))?;
            screen.text(&String::from_utf8_lossy(&page)).map(|()| Exit::Clean)
        }
    }
}

fn format_of(word: Option<&str>) -> Result<Format> {
    word.unwrap_or("table").parse().map_err(|error| format_error("format", &error))
}

fn format_error(flag: &str, error: &FormatError) -> UserError {
    match error {
        FormatError::Name(word) => UserError::said("error-format-name").arg("flag", flag).arg("word", word),
        FormatError::Ending(path) => UserError::said("error-format-ending").arg("flag", flag).arg("path", path),
    }
}

/// The report on stdout and in the files that were asked for. Wrong words are refused before the work.
struct Outputs<'a> {
    format: Format,
    output: &'a Output,
}

impl<'a> Outputs<'a> {
    fn of(output: &'a Output) -> Result<Self> {
        for path in &output.export {
            Format::of_path(path).map_err(|error| format_error("export", &error))?;
        }
        Ok(Self { format: format_of(output.format.as_deref())?, output })
    }

    fn write(&self, screen: &Screen, assessment: &Assessment) -> Result<()> {
        for path in &self.output.export {
            screen.export(&assessment.report, path)?;
            screen.say("exported", &[("path", path.display().to_string().into())]);
        }
        screen.report(&assessment.report, self.format, self.output.top)
    }
}

fn demo(app: &App, screen: &Screen, output: &Output) -> Result<Exit> {
    let outputs = Outputs::of(output)?;
    let bar = screen.bar();
    let assessment = app.demo(&bar).inspect_err(|_| bar.step(Step::Done))?;
    outputs.write(screen, &assessment)?;
    Ok(Exit::Clean)
}

fn assess(app: &App, screen: &Screen, arguments: Assess) -> Result<Exit> {
    let outputs = Outputs::of(&arguments.output)?;
    let word = arguments.fail_on.as_deref().or(app.settings().fail_on.as_deref());
    let fail_on: FailOn = match word {
        Some(word) => word.parse().map_err(|_| UserError::said("error-fail-on").arg("word", word))?,
        None => FailOn::default(),
    };
    let request = AssessRequest {
        sources: arguments.sources,
        live: arguments.live.request(),
        packs: arguments.pack,
        parameters: arguments.param,
        source_folder: arguments.source,
        as_of: arguments.as_of,
        cloudtrail: arguments.cloudtrail,
        since: if arguments.since.is_some() { Since::LastRun } else { Since::Ever },
        selection: selection(arguments.filters),
    };
    let assessment = interruptible(screen, async |bar, stop| app.assess(&request, bar, stop).await)?;
    outputs.write(screen, &assessment)?;
    if assessment.interrupted {
        return Err(UserError::said("interrupted"));
    }
    Ok(fail_on.exit(assessment.worst, assessment.incomplete, arguments.strict))
}

/// Runs work that shows its progress and may be stopped.
pub(crate) fn interruptible<T>(screen: &Screen, work: impl AsyncFnOnce(&Bar, &Stop) -> Result<T>) -> Result<T> {
    let (bar, stop) = (screen.bar(), Stop::default());
    let done = runtime()?.block_on(async {
        tokio::spawn(stop_on_interrupt(stop.clone()));
        work(&bar, &stop).await
    });
    bar.step(Step::Done);
    done
}

/// The first Ctrl-C (or the system's word to end) ends the work in order, the second ends the program.
pub(crate) async fn stop_on_interrupt(stop: Stop) {
    interrupted().await;
    stop.stop();
    interrupted().await;
    std::process::exit(130);
}

#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    drop(tokio::signal::ctrl_c().await);
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| UserError::said("error-threads").because(error))
}

fn report(app: &App, screen: &Screen, arguments: &ReportArgs) -> Result<Exit> {
    let outputs = Outputs::of(&arguments.output)?;
    let assessment = app.report(&selection(arguments.filters.clone()))?;
    outputs.write(screen, &assessment)?;
    Ok(Exit::Clean)
}

pub(crate) fn selection(filters: Filters) -> Selection {
    Selection {
        accounts: filters.account,
        ous: filters.ou,
        regions: filters.region,
        services: filters.service,
        severities: filters.severity,
        resources: filters.resource,
        tags: filters.tag,
        owners: filters.owner,
        controls: filters.control,
        rules: filters.rule,
        statuses: filters.status,
    }
}

/// One of the formats that a command has; refused before the work.
pub(crate) fn one_of(word: &str, formats: &[Format]) -> Result<Format> {
    let format = format_of(Some(word))?;
    if formats.contains(&format) {
        return Ok(format);
    }
    let names: Vec<_> = formats.iter().map(ToString::to_string).collect();
    Err(UserError::said("error-format-here")
        .arg("format", format)
        .help("advice-formats")
        .arg("formats", names.join(", ")))
}

pub(crate) fn listed(listing: &Listing) -> Result<(Format, Page)> {
    let format = one_of(&listing.format, &[Format::Table, Format::Json, Format::Jsonl, Format::Csv])?;
    Ok((format, Page { limit: listing.limit, page: listing.page }))
}

/// One thing in full: lines for people, the thing itself for machines.
fn shown(screen: &Screen, format: Format, (table, value): (haechi_report::Table, Value)) -> Result<Exit> {
    match format {
        Format::Json => json(screen, &value)?,
        _ => screen.table(&table, Format::Table)?,
    }
    Ok(Exit::Clean)
}

pub(crate) const IN_FULL: [Format; 2] = [Format::Table, Format::Json];

pub(crate) fn json(screen: &Screen, value: &Value) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(UserError::verbatim)?;
    screen.text(&format!("{text}\n"))
}

/// Who decides, unless a flag says so: the user of this machine.
pub(crate) fn user() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_else(|| "unknown".to_owned())
}

fn findings(app: &App, screen: &Screen, command: Findings) -> Result<Exit> {
    match command {
        Findings::List { listing, filters } => {
            let (format, page) = listed(&listing)?;
            screen.table(&app.findings(&selection(filters), page)?, format)?;
        }
        Findings::Show { id, format } => return shown(screen, one_of(&format, &IN_FULL)?, app.finding(&id)?),
        Findings::Suppress(arguments) => suppress(app, screen, arguments)?,
        Findings::Assign { id, assignee } => {
            app.assign(&id, assignee.as_deref(), &user())?;
            screen.say("assigned", &[]);
        }
        Findings::Comment { id, text, who } => {
            app.comment(&id, &text, &who.unwrap_or_else(user))?;
            screen.say("commented", &[]);
        }
    }
    Ok(Exit::Clean)
}

fn suppress(app: &App, screen: &Screen, arguments: Suppress) -> Result<()> {
    if arguments.list {
        return screen.table(&app.suppressions()?, Format::Table);
    }
    let owner = arguments.owner.unwrap_or_else(user);
    if let Some(number) = arguments.lift {
        app.unsuppress(number, &owner)?;
        screen.say("lifted", &[("number", number.into())]);
        return Ok(());
    }
    let request = SuppressRequest {
        expression: arguments.expression.unwrap_or_default(),
        reason: arguments.reason.unwrap_or_default(),
        owner,
        until: arguments.until,
    };
    let (id, covered) = app.suppress(&request)?;
    screen.say("suppressed-now", &[("number", id.number().into()), ("count", covered.into())]);
    Ok(())
}

fn rules(app: &App, screen: &Screen, command: Rules) -> Result<Exit> {
    match command {
        Rules::List { listing } => {
            let (format, page) = listed(&listing)?;
            screen.table(&app.rules(page), format)?;
            Ok(Exit::Clean)
        }
        Rules::Show { rule, format } => shown(screen, one_of(&format, &IN_FULL)?, app.rule(&rule)?),
    }
}

fn packs(app: &App, screen: &Screen, command: Packs) -> Result<Exit> {
    match command {
        Packs::List { listing } => {
            let (format, page) = listed(&listing)?;
            screen.table(&app.packs(page)?, format)?;
            Ok(Exit::Clean)
        }
        Packs::Check { files, param, format } => {
            let format = one_of(&format, &IN_FULL)?;
            let check = app.check_packs(&files, &param)?;
            if !check.table.rows.is_empty() || format != Format::Table {
                screen.table(&check.table, format)?;
            }
            for error in &check.errors {
                crate::screen::error(error, screen.language);
            }
            Ok(check.exit)
        }
    }
}

fn content_test(screen: &Screen, folder: Option<&std::path::Path>) -> Result<Exit> {
    let check = haechi_app::check_content(folder)?;
    for problem in &check.problems {
        screen.text(&format!("{problem}\n"))?;
    }
    let counts = [
        ("rules", check.rules.into()),
        ("detections", check.detections.into()),
        ("playbooks", check.playbooks.into()),
        ("examples", check.examples.into()),
        ("problems", check.problems.len().into()),
    ];
    screen.text(&format!("{}\n", screen.words("content-checked", &counts)))?;
    Ok(if check.problems.is_empty() { Exit::Clean } else { Exit::Findings })
}

fn attest(app: &App, screen: &Screen, arguments: Attest) -> Result<Exit> {
    if arguments.list {
        screen.table(&app.attestations()?, Format::Table)?;
        return Ok(Exit::Clean);
    }
    let request = AttestRequest {
        subject: arguments.subject.unwrap_or_default(),
        who: arguments.who.unwrap_or_else(user),
        evidence: arguments.evidence.unwrap_or_default(),
        until: arguments.until,
        accounts: arguments.account,
    };
    let attestation = app.attest(&request)?;
    let until = attestation.expires.map(|expires| expires.date()).unwrap_or_default();
    screen.say("attested-now", &[("subject", attestation.subject.into()), ("until", until.into())]);
    Ok(Exit::Clean)
}

fn doctor(app: &App, screen: &Screen, arguments: Doctor) -> Result<Exit> {
    if arguments.policy {
        json(screen, &haechi_app::audit_policy()?)?;
        return Ok(Exit::Clean);
    }
    if arguments.org {
        let format = one_of(&arguments.format, &IN_FULL)?;
        let request = LiveRequest {
            profile: arguments.profile,
            whole: Whole::Organization,
            role: arguments.org_role,
            external_id: arguments.external_id,
            ..LiveRequest::default()
        };
        let (table, value, good) = runtime()?.block_on(app.doctor_organization(&request, &Selection::default()))?;
        match format {
            Format::Json => json(screen, &value)?,
            _ => screen.table(&table, Format::Table)?,
        }
        return Ok(if good { Exit::Clean } else { Exit::Findings });
    }
    let request = DoctorRequest { profile: arguments.profile };
    let (table, good) = runtime()?.block_on(app.doctor(&request))?;
    screen.table(&table, Format::Table)?;
    Ok(if good { Exit::Clean } else { Exit::Findings })
}
