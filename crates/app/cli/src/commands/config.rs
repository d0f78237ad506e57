//! The configuration file and the command line, described by the binary itself.

use crate::{configuration, context::Context};
use miette::IntoDiagnostic;
use std::fmt::Write as _;

/// The configuration file and the command line.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Print every key of assay.toml with its meaning and default
    Reference,
    /// Print the tables that `assay query` knows, as Markdown
    Streams,
    /// Print all settings of a validator of prompts, by its profile, as `--settings` takes them
    Prompting {
        /// seed, stack or tasks; with -exact the originals' weaknesses are kept
        #[arg(value_name = "PROFILE", default_value = "seed")]
        profile: assay_prompting::Profile,
    },
    /// Print the reference of the command line as Markdown
    #[command(name = "command-line", hide = true)]
    Arguments,
}

pub(crate) fn run(command: Command, context: &Context, root: clap::Command) -> miette::Result<()> {
    match command {
        Command::Reference => reference(context),
        Command::Streams => context
            .output()
            .text(&assay_records::reference().into_diagnostic()?),
        Command::Prompting { profile } => {
            let settings = serde_json::to_string_pretty(&profile.settings()).into_diagnostic()?;
            context.output().text(&settings)
        }
        Command::Arguments => context.output().text(&command_line(root)),
    }
}

/// The reference as it is for people, its values for programs.
fn reference(context: &Context) -> miette::Result<()> {
    if !context.output().is_json() {
        return context.output().text(configuration::REFERENCE);
    }
    let values: toml::Value = toml::from_str(configuration::REFERENCE).into_diagnostic()?;
    context.output().json(&values)
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
    // The long text begins with the short one.
    let about = command.get_long_about().or_else(|| command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = write!(text, "\n## `{name}`\n\n{about}\n");
    let aliases: Vec<_> = command
        .get_visible_aliases()
        .map(|alias| format!("`{parent} {alias}`"))
        .collect();
    if !aliases.is_empty() {
        let _ = write!(text, "\nAlso {}.\n", aliases.join(", "));
    }
    let mut own = String::new();
    for argument in command
        .get_positionals()
        .filter(|argument| !argument.is_hide_set())
    {
        let name = match argument.get_value_names() {
            Some([name, ..]) => name.to_string(),
            _ => argument.get_id().as_str().to_uppercase(),
        };
        let _ = writeln!(own, "- `<{name}>`: {}", about_argument(argument));
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
        let aliases: Vec<_> = argument
            .get_visible_aliases()
            .unwrap_or_default()
            .iter()
            .map(|alias| format!(", --{alias}"))
            .collect();
        let _ = writeln!(
            text,
            "- `{short}--{long}{}{value}`: {}",
            aliases.concat(),
            about_argument(argument)
        );
    }
}

/// What an argument is, which values it takes where they are few, and what it is when it is not given.
fn about_argument(argument: &clap::Arg) -> String {
    let mut text = argument.get_help().map(ToString::to_string).unwrap_or_default();
    if !argument.get_action().takes_values() {
        return text;
    }
    let values: Vec<_> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !values.is_empty() {
        let _ = write!(text, "; one of {}", values.join(", "));
    }
    let defaults: Vec<_> = argument
        .get_default_values()
        .iter()
        .map(|default| default.to_string_lossy())
        .collect();
    if !defaults.is_empty() {
        let _ = write!(text, " (default: `{}`)", defaults.join(" "));
    }
    text
}
