//! `assay hub`: a hub, and what goes in and comes out, by the built program.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

/// A hub served by the program, and a folder to work in.
struct Served {
    child: Child,
    url: String,
    folder: TempDir,
}

impl Served {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut child = assay(folder.path())
            .args([
                "hub", "serve", "--port", "0", "--user", "alice", "--json", "--root",
            ])
            .arg(folder.path().join("hub"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let listening: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(listening["accounts"], serde_json::json!(["alice"]));
        let url = listening["url"].as_str().unwrap().to_owned();
        Self { child, url, folder }
    }

    fn hub(&self, arguments: &[&str]) -> Output {
        let token = fs_err::read_to_string(self.folder.path().join("hub/token")).unwrap();
        let mut command = assay(self.folder.path());
        command
            .env("HF_ENDPOINT", &self.url)
            .env("HF_TOKEN", token.trim());
        let output = command.arg("hub").args(arguments).output().unwrap();
        for stream in [&output.stdout, &output.stderr] {
            assert!(
                !String::from_utf8_lossy(stream).contains(token.trim()),
                "the token was printed"
            );
        }
        output
    }

    /// The JSON that a successful command printed.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.hub(&[arguments, &["--json"]].concat());
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a failing command printed on standard error.
    fn failure(&self, arguments: &[&str]) -> String {
        let output = self.hub(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn assay(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    command
        .current_dir(folder)
        .env_remove("HF_TOKEN")
        .env_remove("HF_ENDPOINT")
        .stdin(Stdio::null());
    command
}

fn files_below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs_err::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != ".gitattributes" {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs_err::read(path).unwrap());
            }
        }
    }
    files
}

#[test]
fn what_is_uploaded_comes_back() {
    let served = Served::start();
    let data = served.folder.path().join("data");
    fs_err::create_dir_all(data.join("deep")).unwrap();
    fs_err::write(data.join("rows.jsonl"), "{}\n").unwrap();
    fs_err::write(data.join("deep/note.txt"), "note").unwrap();
    // Large enough to take the large files' way.
    fs_err::write(data.join("big.dat"), vec![7; 11_000_000]).unwrap();

    let plan = served.json(&["upload", "alice/ore", "data", "--dry-run"]);
    assert_eq!(
        (&plan["dry_run"], &plan["files"]),
        (
            &true.into(),
            &serde_json::json!(["big.dat", "deep/note.txt", "rows.jsonl"])
        )
    );
    let first = served.json(&["upload", "alice/ore", "data", "--message", "First"]);
    assert_eq!(
        (&first["files"], &first["bytes"]),
        (&3.into(), &11_000_007.into())
    );
    fs_err::write(data.join("rows.jsonl"), "{\"more\": 1}\n").unwrap();
    let second = served.json(&["upload", "alice/ore", "data/rows.jsonl"]);
    assert_ne!(first["revision"], second["revision"]);

    let pinned = first["revision"].as_str().unwrap();
    let got = served.json(&[
        "download",
        "datasets/alice/ore",
        "--revision",
        &pinned[..10],
        "--to",
        "old",
    ]);
    assert_eq!(got["revision"], first["revision"]);
    let old = files_below(&served.folder.path().join("old"));
    assert_eq!(old["rows.jsonl"], b"{}\n");
    assert_eq!(
        (old.len(), old["big.dat"].len(), &old["deep/note.txt"][..]),
        (3, 11_000_000, &b"note"[..])
    );

    let unseen = served.failure(&["download", "alice/ore", "--to", "never", "--dry-run"]);
    assert!(unseen.contains("cannot show beforehand"), "{unseen}");
    served.json(&["download", "alice/ore", "rows.jsonl", "--to", "one"]);
    assert_eq!(
        files_below(&served.folder.path().join("one")),
        [("rows.jsonl".into(), b"{\"more\": 1}\n".to_vec())].into()
    );
}

#[test]
fn an_outbox_takes_the_files_along() {
    let served = Served::start();
    fs_err::write(served.folder.path().join("f"), "queued").unwrap();
    let sent = served.json(&[
        "upload",
        "alice/ore",
        "f",
        "--into",
        "a/b",
        "--outbox",
        "outbox",
        "--private",
    ]);
    let got = served.json(&["download", "alice/ore"]);
    assert_eq!(got["revision"], sent["revision"]);
    assert_eq!(files_below(&served.folder.path().join("ore"))["a/b/f"], b"queued");
}

#[test]
fn failures_say_what_to_do() {
    let served = Served::start();
    fs_err::write(served.folder.path().join("f"), "x").unwrap();
    let refused = served.failure(&["upload", "bob/ore", "f"]);
    assert!(refused.contains("bob") && refused.contains("hint:"), "{refused}");
    let missing = served.failure(&["download", "alice/none"]);
    assert!(
        missing.contains("alice/none") && missing.contains("hint:"),
        "{missing}"
    );
    served.json(&["upload", "alice/ore", "f"]);
    let file = served.failure(&["download", "alice/ore", "g", "--to", "x"]);
    assert!(file.contains("no file g") && file.contains("f"), "{file}");
    let large = served.failure(&["download", "alice/ore", "--max-size", "1"]);
    assert!(
        large.contains("--max-size") && !served.folder.path().join("ore").exists(),
        "{large}"
    );
    let taken = served.failure(&["download", "alice/ore", "--to", "."]);
    assert!(taken.contains("is there already"), "{taken}");
    let name = served.hub(&["download", "../etc"]);
    assert_eq!(name.status.code(), Some(2), "a wrong argument is a usage error");
}
