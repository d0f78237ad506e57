//! What the dashboard tells at its address.

use assay_analysis::{Cell, Kind};
use assay_dashboard::state::DashboardState;
use miette::IntoDiagnostic;
use reqwest::{Client, Response, StatusCode, Url};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// How long an answer may take. A page that is slower is not worth waiting for: the next look comes.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer at most: a table of a thousand miners has some hundred thousand.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Where it looks.
#[derive(Clone, Debug)]
pub(super) struct Source {
    client: Client,
    url: Url,
}

/// What was seen at one look.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The run, where one is shown.
    pub(super) state: Option<DashboardState>,
    pub(super) tables: Vec<Table>,
}

/// A table of what is on record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) about: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) kind: Kind,
}

/// A table as it comes.
#[derive(Debug, Deserialize)]
struct Told {
    name: String,
    title: String,
    about: String,
    columns: Vec<Column>,
    rows: Vec<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    name: String,
}

impl Source {
    pub(super) fn new(url: Url) -> miette::Result<Self> {
        // Once a process; where it is there already, that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .into_diagnostic()?;
        Ok(Self { client, url })
    }

    /// Looks once. Why it cannot, in words.
    pub(super) async fn look(&self) -> Result<Seen, String> {
        let state = self.get("/api/state").await?;
        let listed: Option<Vec<Listed>> = self.get("/api/records").await?;
        let mut tables = Vec::new();
        for table in listed.unwrap_or_default() {
            let told: Option<Told> = self.get(&format!("/api/records/{}", table.name)).await?;
            tables.extend(told.map(Table::from));
        }
        Ok(Seen { state, tables })
    }

    /// The answer; nothing where the dashboard has no such page.
    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, String> {
        let url = self.url.join(path).map_err(|error| error.to_string())?;
        let answer = self.client.get(url).send().await;
        let answer = answer.map_err(|error| in_words(&error))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status => return Err(format!("{path} answers {status}")),
        }
        let body = bounded(answer).await?;
        serde_json::from_slice(&body)
            .map(Some)
            .map_err(|_| format!("{path} is not what a dashboard of this version says"))
    }
}

async fn bounded(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| in_words(&error))? {
        if body.len() + piece.len() > MOST_BYTES {
            return Err(format!("an answer is larger than {MOST_BYTES} bytes"));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// The innermost cause: what surrounds it only says that a request failed.
fn in_words(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

impl From<Told> for Table {
    fn from(told: Told) -> Self {
        let row = |row: Map<String, Value>| {
            told.columns
                .iter()
                .map(|column| cell(row.get(&column.name).unwrap_or(&Value::Null), column.kind))
                .collect()
        };
        Self {
            rows: told.rows.into_iter().map(row).collect(),
            name: told.name,
            title: told.title,
            about: told.about,
            columns: told.columns,
        }
    }
}

fn cell(value: &Value, kind: Kind) -> Cell {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => Cell::Null,
        Value::Bool(flag) => Cell::Flag(*flag),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => Cell::Whole(whole),
            None => number.as_f64().into(),
        },
        Value::String(text) => match (kind, OffsetDateTime::parse(text, &Rfc3339)) {
            (Kind::Time, Ok(time)) => Cell::Time(time),
            _ => Cell::from(text.as_str()),
        },
    }
}
