//! The configuration file and the command line, described by the binary itself.

use crate::{configuration, context::Context};
use std::fmt::Write as _;

/// The configuration file and the command line.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Print every key of assay.toml with its meaning and default
    Reference,
    /// Print the reference of the command line as Markdown
    #[command(hide = true)]
    CommandLine,
}

pub(crate) fn run(command: Command, context: &Context, root: clap::Command) -> miette::Result<()> {
    match command {
        Command::Reference => context.output().text(configuration::REFERENCE),
        Command::CommandLine => context.output().text(&command_line(root)),
    }
}

/// Every command with its arguments; the options that all share stand once, at the top.
fn command_line(mut root: clap::Command) -> String {
    root.build();
    let mut text = String::from(
        "# The command line\n\nWritten by `cargo xtask gen`; do not edit. Every command also takes the global options.\n",
    );
    text.push_str("\n## Global options\n\n");
    options(&mut text, &root, Shared::Show);
    for command in root.get_subcommands() {
        describe(&mut text, command, "assay");
    }
    text
}

/// Whether the options that all commands share are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shared {
    Show,
    Skip,
}

fn describe(text: &mut String, command: &clap::Command, parent: &str) {
    if command.is_hide_set() || command.get_name() == "help" {
        return;
    }
    let name = format!("{parent} {}", command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = write!(text, "\n## `{name}`\n\n{about}\n");
    let mut own = String::new();
    for argument in command
        .get_positionals()
        .filter(|argument| !argument.is_hide_set())
    {
        let about = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            own,
            "- `<{}>`: {about}",
            argument.get_id().as_str().to_uppercase()
        );
    }
    options(&mut own, command, Shared::Skip);
    if !own.is_empty() {
        text.push('\n');
        text.push_str(&own);
    }
    for sub in command.get_subcommands() {
        describe(text, sub, &name);
    }
}

fn options(text: &mut String, command: &clap::Command, shared: Shared) {
    for argument in command
        .get_arguments()
        .filter(|argument| !argument.is_positional())
    {
        let skipped = argument.is_global_set() && shared == Shared::Skip;
        if argument.is_hide_set() || skipped || matches!(argument.get_id().as_str(), "help" | "version") {
            continue;
        }
        let Some(long) = argument.get_long() else { continue };
        let short = argument
            .get_short()
            .map_or_else(String::new, |short| format!("-{short}, "));
        let takes_value = argument.get_action().takes_values();
        let value = match argument.get_value_names() {
            Some([name, ..]) if takes_value => format!(" {name}"),
            _ => String::new(),
        };
        let about = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let defaults: Vec<_> = argument
            .get_default_values()
            .iter()
            .map(|default| default.to_string_lossy())
            .collect();
        let default = if takes_value && !defaults.is_empty() {
            format!(" (default: `{}`)", defaults.join(" "))
        } else {
            String::new()
        };
        let _ = writeln!(text, "- `{short}--{long}{value}`: {about}{default}");
    }
}
