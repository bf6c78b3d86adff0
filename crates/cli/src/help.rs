//! Help in the user's language: the command tree is English; what the locales have replaces it.
//!
//! Ids are `help-<command>-<argument>`: `help-assess`, `help-assess-pack`, `help-findings-list`; what
//! stands on many commands is `help-any-<argument>`, the words around it are `help-word-<word>`.

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use haechi_content::Language;
use haechi_i18n::Catalog;

use crate::arguments::Cli;

/// The heading of what every command takes.
const EVERYWHERE: &str = "Everywhere";
/// What examples begin with in the English tree.
const EXAMPLES: [&str; 2] = ["Examples:", "Example:"];

/// The command tree with help in a language.
pub fn command(language: Language) -> Command {
    let command = quiet_about_values(Cli::command());
    if language == Language::En {
        return command;
    }
    let catalog = Catalog::new(language);
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).global(true).help_heading(EVERYWHERE);
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version).help_heading(EVERYWHERE);
    // Clap's own two flags speak English only.
    let command = command.disable_help_flag(true).disable_version_flag(true).args([help, version]);
    translated(command, "help", &catalog)
}

/// The name of a variable is of use in help; its value of the moment is not, and may be long.
fn quiet_about_values(command: Command) -> Command {
    command.mut_args(|argument| argument.hide_env_values(true)).mut_subcommands(quiet_about_values)
}

fn translated(command: Command, id: &str, catalog: &Catalog) -> Command {
    let text = |id: &str| catalog.has(id).then(|| catalog.text(id));
    let word = |word: &str| catalog.text(&format!("help-word-{word}"));
    let mut command = command
        .subcommand_help_heading(word("commands"))
        // As clap draws it, but for the word.
        .help_template(format!(
            "{{about-with-newline}}\n\u{1b}[1m\u{1b}[4m{}\u{1b}[0m {{usage}}\n\n{{all-args}}{{after-help}}",
            word("usage")
        ));
    if let Some(about) = text(id) {
        command = command.about(about);
    }
    if let Some(english) = command.get_after_help().map(ToString::to_string) {
        let examples = || EXAMPLES.iter().fold(english, |text, english| text.replacen(english, &word("examples"), 1));
        command = command.after_help(text(&format!("{id}-after")).unwrap_or_else(examples));
    }
    command = command.mut_args(|argument| {
        let name = argument.get_id().as_str().replace('_', "-");
        let heading = match argument.get_help_heading() {
            Some(heading) => heading.to_lowercase().replace(' ', "-"),
            None if argument.is_positional() => "arguments".to_owned(),
            None => "options".to_owned(),
        };
        // Flags that stand on every command have one text: `content` is a command too.
        let own = (!argument.is_global_set()).then(|| text(&format!("{id}-{name}"))).flatten();
        let argument = argument.help_heading(word(&heading));
        match own.or_else(|| text(&format!("help-any-{name}"))) {
            Some(help) => argument.help(help),
            None => argument,
        }
    });
    command.mut_subcommands(|inner| {
        let id = format!("{id}-{}", inner.get_name());
        translated(inner, &id, catalog)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every page of help in a language, by the command's words.
    fn pages(language: Language) -> Vec<(String, String)> {
        fn gather(command: &Command, path: &str, all: &mut Vec<(String, String)>) {
            all.push((path.to_owned(), command.clone().term_width(200).render_help().to_string()));
            command.get_subcommands().for_each(|inner| gather(inner, &format!("{path} {}", inner.get_name()), all));
        }
        let mut command = command(language);
        command.build();
        let mut all = Vec::new();
        gather(&command, "haechi", &mut all);
        all
    }

    #[test]
    fn every_page_of_help_is_in_the_language_asked_for() {
        let english: String = pages(Language::En).into_iter().map(|(_, page)| page).collect();
        let english: std::collections::BTreeSet<_> = english.lines().map(str::trim).collect();
        for language in [Language::Ko, Language::Ja] {
            for (path, page) in pages(language) {
                let same: Vec<_> = page
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty() && english.contains(line))
                    // What is to be typed is the same everywhere.
                    .filter(|line| {
                        !["haechi ", "aws ", "--reason", "--param Acc"].iter().any(|word| line.starts_with(word))
                    })
                    .collect();
                assert_eq!(same, Vec::<&str>::new(), "{path} in {}", language.as_str());
            }
        }
    }

    #[test]
    fn every_argument_has_help() {
        fn bare(command: &Command, path: &str, found: &mut Vec<String>) {
            let arguments = command.get_arguments().filter(|argument| argument.get_help().is_none());
            found.extend(
                arguments
                    .filter(|it| it.get_id() != "help" && it.get_id() != "version")
                    .map(|it| format!("{path} {}", it.get_id())),
            );
            command.get_subcommands().for_each(|inner| bare(inner, &format!("{path} {}", inner.get_name()), found));
        }
        let mut found = Vec::new();
        bare(&command(Language::En), "haechi", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}
