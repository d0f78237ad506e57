//! A gate in front of a hub that can be shut for some paths or for all.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What the gate does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Hands it on.
    Pass,
    /// Hangs up, as a hub that is down.
    HangUp,
    /// Hangs up when the path has this part in it.
    HangUpAt(String),
    /// Answers the next so many with 429 and a pause of one second, then hands on.
    TooMany(u32),
}

/// A proxy for one request a connection.
pub(crate) struct Gate {
    url: String,
    rule: Arc<Mutex<Rule>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Gate {
    pub(crate) async fn open(hub: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let rule = Arc::new(Mutex::new(Rule::Pass));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let upstream = hub.trim_start_matches("http://").to_owned();
        let shared = (rule.clone(), asked.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (upstream, (rule, asked)) = (upstream.clone(), shared.clone());
                tokio::spawn(async move {
                    // A client that goes away ends its own connection only.
                    let _ = serve(client, &upstream, &rule, &asked).await;
                });
            }
        });
        Self { url, rule, asked }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn set(&self, rule: Rule) {
        *self.rule.lock() = rule;
    }

    /// The request lines so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

async fn serve(
    mut client: TcpStream,
    upstream: &str,
    rule: &Mutex<Rule>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (first, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    asked.lock().push(first.to_owned());
    let pass = {
        let mut rule = rule.lock();
        match &mut *rule {
            Rule::Pass => true,
            Rule::HangUp => return Ok(()),
            Rule::HangUpAt(part) if first.contains(part.as_str()) => return Ok(()),
            Rule::HangUpAt(_) => true,
            Rule::TooMany(0) => true,
            Rule::TooMany(left) => {
                *left -= 1;
                false
            }
        }
    };
    if !pass {
        let answer = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return client.write_all(answer.as_bytes()).await;
    }
    let mut hub = TcpStream::connect(upstream).await?;
    // One request a connection, so that the next one meets the gate again.
    let headers: String = headers
        .split_inclusive("\r\n")
        .filter(|line| !line.to_ascii_lowercase().starts_with("connection:"))
        .collect();
    hub.write_all(format!("{first}\r\nConnection: close\r\n{headers}").as_bytes())
        .await?;
    tokio::io::copy_bidirectional(&mut client, &mut hub).await?;
    Ok(())
}
