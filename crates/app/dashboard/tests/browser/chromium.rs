//! A headless Chromium, driven over its own debugging protocol.
//!
//! The protocol runs over two pipes, messages separated by a zero byte, so no further library is needed; a shell
//! puts the pipes where Chromium expects them. Every wait has a deadline.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A cold start on a busy two-core machine takes some ten seconds.
const DEADLINE: Duration = Duration::from_secs(60);

/// How the page is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) is_phone: bool,
    pub(crate) scheme: &'static str,
}

pub(crate) const WIDE_LIGHT: Screen = Screen {
    width: 1440,
    height: 900,
    is_phone: false,
    scheme: "light",
};
pub(crate) const WIDE_DARK: Screen = Screen {
    scheme: "dark",
    ..WIDE_LIGHT
};
pub(crate) const PHONE_LIGHT: Screen = Screen {
    width: 390,
    height: 844,
    is_phone: true,
    scheme: "light",
};
pub(crate) const PHONE_DARK: Screen = Screen {
    scheme: "dark",
    ..PHONE_LIGHT
};

pub(crate) struct Browser {
    process: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    next_id: u64,
    session: Option<String>,
    /// Console errors, refused loads and uncaught exceptions since the page was opened.
    pub(crate) complaints: Vec<String>,
    /// Addresses that the page asked for.
    pub(crate) requested: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium with one empty page.
    pub(crate) fn start() -> Browser {
        let profile = tempfile::tempdir().expect("a folder for the browser's profile");
        let program = std::env::var("ASSAY_CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
        let mut process = Command::new("sh")
            .arg("-c")
            .arg(
                "exec \"$0\" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
                 --disable-background-networking --disable-component-update --hide-scrollbars --mute-audio \
                 --remote-debugging-pipe --user-data-dir=\"$1\" about:blank 3<&0 4>&1 >/dev/null 2>&1",
            )
            .arg(program)
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let to = process.stdin.take().expect("piped");
        let mut output = BufReader::new(process.stdout.take().expect("piped"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                message.pop_if(|byte| *byte == 0);
                let parsed = serde_json::from_slice(&message).expect("Chromium speaks JSON");
                message.clear();
                if sender.send(parsed).is_err() {
                    return;
                }
            }
        });
        let mut browser = Browser {
            process,
            to,
            from,
            next_id: 0,
            session: None,
            complaints: Vec::new(),
            requested: Vec::new(),
            _profile: profile,
        };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.ask(
            "Target.attachToTarget",
            json!({ "targetId": target, "flatten": true }),
        );
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Looks at the page as on this screen.
    pub(crate) fn look(&mut self, screen: Screen) {
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            json!({
                "width": screen.width, "height": screen.height, "mobile": screen.is_phone,
                "deviceScaleFactor": if screen.is_phone { 2 } else { 1 },
            }),
        );
        self.ask(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": screen.scheme }] }),
        );
    }

    /// Opens a page and waits until it is live.
    pub(crate) fn open(&mut self, url: &str) {
        self.complaints.clear();
        self.requested.clear();
        self.ask("Page.navigate", json!({ "url": url }));
        self.wait_for("document.readyState === 'complete' && document.title !== ''");
    }

    /// Evaluates an expression in the page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        self.try_evaluate(expression).expect("the page stays")
    }

    /// As [`Browser::evaluate`]; none when the page is left before it answers.
    fn try_evaluate(&mut self, expression: &str) -> Option<Value> {
        let answer = self.try_ask(
            "Runtime.evaluate",
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true }),
        );
        match answer {
            Ok(answer) => {
                assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
                Some(answer["result"]["value"].clone())
            }
            Err(error)
                if error["message"]
                    .as_str()
                    .is_some_and(|text| text.contains("navigated")) =>
            {
                None
            }
            Err(error) => panic!("{expression}: {error}"),
        }
    }

    /// Waits until an expression is true in the page, or in the one that takes its place meanwhile.
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let deadline = Instant::now() + DEADLINE;
        while self.try_evaluate(expression) != Some(Value::Bool(true)) {
            let complaints = &self.complaints;
            assert!(
                Instant::now() < deadline,
                "never true: {expression}; complaints: {complaints:?}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Moves the pointer.
    pub(crate) fn point_at(&mut self, x: f64, y: f64) {
        self.ask(
            "Input.dispatchMouseEvent",
            json!({ "type": "mouseMoved", "x": x, "y": y }),
        );
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.ask(
                "Input.dispatchKeyEvent",
                json!({ "type": kind, "key": key, "code": key }),
            );
        }
    }

    /// The size of the whole page in its own pixels.
    fn extent(&mut self) -> (f64, f64) {
        let size = self.ask("Page.getLayoutMetrics", json!({}))["cssContentSize"].clone();
        (
            size["width"].as_f64().unwrap_or(0.0),
            size["height"].as_f64().unwrap_or(0.0),
        )
    }

    /// A picture of the whole page, as a PNG file.
    pub(crate) fn picture(&mut self, file: &Path) {
        let (width, height) = self.extent();
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let answer = self.ask(
            "Page.captureScreenshot",
            json!({ "format": "png", "captureBeyondViewport": true, "clip": clip }),
        );
        let encoded = answer["data"].as_str().expect("a picture");
        fs_err::write(file, base64(encoded)).expect("the picture can be written");
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.try_ask(method, parameters)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The result, or the browser's error.
    fn try_ask(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
        self.next_id += 1;
        let id = self.next_id;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to
            .write_all(&bytes)
            .expect("Chromium listens; is it installed?");
        self.to.flush().expect("Chromium listens");
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let heard = match self.from.recv_timeout(left) {
                Ok(heard) => heard,
                Err(RecvTimeoutError::Timeout) => panic!("no answer to {method} within {DEADLINE:?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("Chromium has ended; is it installed?"),
            };
            if heard["id"].as_u64() == Some(id) {
                return match heard.get("error") {
                    None => Ok(heard["result"].clone()),
                    Some(error) => Err(error.clone()),
                };
            }
            self.listen(&heard);
        }
    }

    fn listen(&mut self, event: &Value) {
        let parameters = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Log.entryAdded" if parameters["entry"]["level"] == "error" => {
                self.complaints.push(parameters["entry"].to_string());
            }
            "Runtime.exceptionThrown" => self.complaints.push(parameters["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" if parameters["type"] == "error" => {
                self.complaints.push(parameters["args"].to_string());
            }
            "Network.requestWillBeSent" => {
                self.requested.push(
                    parameters["request"]["url"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                );
            }
            _ => {}
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The shell has become Chromium, so this ends the browser itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Base64 as Chromium writes it.
fn base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut buffer, mut bits) = (0_u32, 0);
    for value in text.bytes().filter_map(digit) {
        buffer = buffer << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
        }
    }
    bytes
}
