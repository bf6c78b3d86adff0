//! Help in the user's language: the command tree is English; what the locales have replaces it.
//!
//! Ids are `help-<command>-<argument>`: `help-assess`, `help-assess-pack`, `help-findings-list`.

use clap::{Command, CommandFactory as _};
use haechi_content::Language;
use haechi_i18n::Catalog;

use crate::arguments::Cli;

/// The command tree with help in a language.
pub fn command(language: Language) -> Command {
    let command = Cli::command();
    if language == Language::En { command } else { translated(command, "help", &Catalog::new(language)) }
}

fn translated(command: Command, id: &str, catalog: &Catalog) -> Command {
    let text = |id: &str| catalog.has(id).then(|| catalog.text(id));
    let mut command = match text(id) {
        Some(about) => command.about(about),
        None => command,
    };
    command = command.mut_args(|argument| {
        let name = argument.get_id().as_str().replace('_', "-");
        match text(&format!("{id}-{name}")).or_else(|| text(&format!("help-any-{name}"))) {
            Some(help) => argument.help(help),
            None => argument,
        }
    });
    command.mut_subcommands(|inner| {
        let id = format!("{id}-{}", inner.get_name());
        translated(inner, &id, catalog)
    })
}
