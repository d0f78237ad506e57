//! What the binary says about itself, for people and for programs.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use serde_json::Value;
use std::process::{Command, Stdio};

fn assay(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn references_are_json_where_json_is_asked_for() {
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&assay(&[arguments, &["--json"]].concat())).unwrap()
    };
    assert_eq!(json(&["config", "reference"])["wallet"], "default");
    assert!(assay(&["config", "reference"]).starts_with("# assay.toml"));
    assert_eq!(json(&["devnet", "spec"])["subnets"][0]["name"], "text");
}

#[test]
fn what_cannot_be_tried_beforehand_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        &["up", "--epochs", "1"][..],
        &["devnet", "--port", "0"],
        &["model", "lora", "--dataset", "rows.jsonl", "--out", "adapter"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_assay"))
            .args(command)
            .arg("--dry-run")
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(told.contains("cannot show beforehand"), "{told}");
    }
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_reference_of_the_command_line_tells_what_the_help_tells() {
    let text = assay(&["config", "command-line"]);
    for told in [
        "## `assay weights commit`",
        "Also `assay localnet`.",
        "one of `datasets`",
        "one of `own`, `public`",
        // Of a long text, and a name of an argument.
        "With all keys of a map it prints the value",
        "For subnets that take only committed weights.",
        "Without a subcommand it runs a chain",
        "- `<PALLET.ITEM>`: ",
    ] {
        assert!(text.contains(told), "{told}");
    }
}
