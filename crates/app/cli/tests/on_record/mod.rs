//! Every number that the pages show of a run, beside what `assay query` answers.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// What `assay query` answers.
pub(crate) fn ask(home: &Path, sql: &str) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(["query", sql, "--json", "--home"])
        .arg(home)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{sql}\n{told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `assay dashboard` over what a run recorded.
struct Pages {
    child: Child,
    address: String,
}

impl Pages {
    fn open(home: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_assay"))
            .args(["dashboard", "--json", "--port", "0", "--home"])
            .arg(home)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let url = ready["url"].as_str().unwrap();
        let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { child, address }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let address = &self.address;
        let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.0 200"), "{path}: {head}");
        body.to_owned()
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).unwrap()
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Compares every table of every page with the answer of its own query; the tables' names.
pub(crate) fn every_number_on_a_page_is_the_answer_of_its_query(home: &Path) -> Vec<String> {
    let pages = Pages::open(home);
    let deadline = Instant::now() + Duration::from_secs(60);
    let listed = loop {
        let listed = pages.json("/api/records");
        if listed.as_array().is_some_and(|tables| !tables.is_empty()) {
            break listed;
        }
        assert!(Instant::now() < deadline, "the records are not read");
        std::thread::sleep(Duration::from_millis(50));
    };
    let mut names = Vec::new();
    for table in listed.as_array().unwrap() {
        let name = table["name"].as_str().unwrap().to_owned();
        compare(home, &pages.json(&format!("/api/records/{name}")));
        names.push(name);
    }
    // And of each neuron's own page.
    for miner in pages.json("/api/records/miners")["rows"].as_array().unwrap() {
        let hotkey = miner["hotkey"].as_str().unwrap();
        for table in pages.json(&format!("/api/miner/{hotkey}"))["tables"]
            .as_array()
            .unwrap()
        {
            compare(home, table);
        }
        let page = pages.get(&format!("/miner/{hotkey}"));
        assert!(page.contains(hotkey), "{page}");
    }
    for page in ["/miners", "/epochs", "/weights", "/machine"] {
        assert!(pages.get(page).contains("<main"), "{page}");
    }
    names
}

fn compare(home: &Path, table: &Value) {
    let answered = ask(home, table["sql"].as_str().unwrap());
    let rows = table["rows"].as_array().unwrap();
    let name = &table["name"];
    assert_eq!(rows.len(), answered.len(), "{name}: {}", table["sql"]);
    for (row, answer) in rows.iter().zip(&answered) {
        for (column, value) in row.as_object().unwrap() {
            // The engine leaves out what is null.
            let said = answer.get(column).unwrap_or(&Value::Null);
            assert!(
                is_same(value, said),
                "{name}, {column}: {value} on the page, {said} from the query"
            );
        }
    }
}

fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(1.0),
        // Times are written with more digits by one than by the other.
        _ => match (moment(one), moment(other)) {
            (Some(one), Some(other)) => one == other,
            _ => one == other,
        },
    }
}

fn moment(value: &Value) -> Option<OffsetDateTime> {
    let text = value.as_str()?;
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339))
        .ok()
}
