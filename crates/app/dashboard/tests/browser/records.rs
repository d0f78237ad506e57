//! The pages about what was recorded, in a real browser.

use crate::chromium::{Browser, PHONE_DARK, PHONE_LIGHT, Screen, WIDE_DARK, WIDE_LIGHT};
use crate::made_up_records::{MadeUp, hotkey};
use assay_dashboard::{Dashboard, DashboardConfig};
use assay_records::{Log, LogConfig, streams::Score};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

fn an_hour() -> MadeUp {
    MadeUp {
        hours: 1,
        ..MadeUp::default()
    }
}

/// A dashboard of records, as long as it is not dropped.
struct Serving {
    _runtime: Runtime,
    _stop: oneshot::Sender<()>,
    url: String,
    records: TempDir,
}

impl Serving {
    fn start(made_up: &MadeUp) -> Serving {
        let records = tempfile::tempdir().expect("a folder");
        made_up.record(records.path());
        let runtime = Runtime::new().expect("a runtime");
        let config = DashboardConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            ..DashboardConfig::default()
        };
        let folders = vec![records.path().to_owned()];
        let dashboard = runtime
            .block_on(Dashboard::bind_to_records(config, folders))
            .expect("a free port");
        let url = dashboard.url();
        let (stop, stopped) = oneshot::channel::<()>();
        runtime.spawn(dashboard.serve(async {
            let _ = stopped.await;
        }));
        Serving {
            _runtime: runtime,
            _stop: stop,
            url,
            records,
        }
    }

    fn page(&self, path: &str) -> String {
        format!("{}{}", self.url.trim_end_matches('/'), path)
    }

    /// Opens a page once the records have been read.
    fn open(&self, browser: &mut Browser, path: &str) {
        browser.open(&self.page(path));
        browser.wait_for("document.querySelector('section.record') !== null");
    }
}

/// Text of the first column of a card's table.
fn first_column(browser: &mut Browser, card: &str) -> Vec<String> {
    let script = format!(
        "[...document.querySelectorAll('[data-key={card}] tbody th')].map((cell) => cell.querySelector('code')?.title || \
         cell.textContent)"
    );
    let cells = browser.evaluate(&format!("JSON.stringify({script})"));
    serde_json::from_str(cells.as_str().expect("a text")).expect("a list")
}

#[test]
#[ignore = "needs Chromium: cargo xtask test runs it"]
fn every_page_of_records_fits_every_screen() {
    let pictures = std::env::var_os("ASSAY_SCREENSHOTS").map(PathBuf::from);
    let serving = Serving::start(&an_hour());
    let mut browser = Browser::start();
    let miner = format!("/miner/{}", hotkey(3));
    let screens: [(&str, Screen); 4] = [
        ("wide-light", WIDE_LIGHT),
        ("wide-dark", WIDE_DARK),
        ("phone-light", PHONE_LIGHT),
        ("phone-dark", PHONE_DARK),
    ];
    for path in [
        "/miners",
        &miner,
        "/epochs",
        "/weights",
        "/rounds",
        "/requests",
        "/prompts",
        "/machine",
    ] {
        for (screen_name, screen) in screens {
            let what = format!("{path} on {screen_name}");
            browser.look(screen);
            serving.open(&mut browser, path);
            assert_eq!(
                browser.evaluate("document.documentElement.scrollWidth"),
                screen.width,
                "{what} scrolls sideways: a phone would widen its window to fit"
            );
            assert_eq!(browser.complaints, Vec::<String>::new(), "{what}");
            for address in &browser.requested {
                assert!(address.starts_with(&serving.url), "{what} asked for {address}");
            }
            if let Some(pictures) = &pictures {
                fs_err::create_dir_all(pictures).expect("a folder for pictures");
                let name = path.trim_start_matches('/').split('/').next().unwrap_or("page");
                browser.picture(&pictures.join(format!("records-{name}-{screen_name}.png")));
            }
        }
    }
}

#[test]
#[ignore = "needs Chromium: cargo xtask test runs it"]
fn a_reader_finds_sorts_and_opens_a_miner_by_mouse_and_by_keys() {
    let serving = Serving::start(&an_hour());
    let mut browser = Browser::start();
    browser.look(WIDE_LIGHT);
    serving.open(&mut browser, "/");
    assert_eq!(
        browser.evaluate("location.pathname"),
        "/miners",
        "what there is comes first"
    );

    // The way through all pages, which are known once everything is read.
    browser.wait_for("document.querySelectorAll('.top nav a').length === 7");
    let pages = browser
        .evaluate("JSON.stringify([...document.querySelectorAll('.top nav a')].map((a) => a.pathname))");
    let pages: Vec<String> = serde_json::from_str(pages.as_str().expect("a text")).expect("a list");
    assert_eq!(
        pages,
        [
            "/miners",
            "/epochs",
            "/weights",
            "/rounds",
            "/requests",
            "/prompts",
            "/machine"
        ]
    );
    // The page that is open comes last, so that each step leads to another.
    for page in pages.iter().skip(1).chain(pages.first()) {
        browser.evaluate(&format!(
            "document.querySelector('.top nav a[href=\"{page}\"]').click()"
        ));
        browser.wait_for(&format!(
            "document.querySelector('.top nav [aria-current]')?.pathname === '{page}' && document.readyState === 'complete'"
        ));
        browser.wait_for("document.querySelector('section.record') !== null");
    }

    // Sorting: the highest first, then the lowest, and the address says so.
    serving.open(&mut browser, "/miners");
    let header =
        "[...document.querySelectorAll('[data-key=miners] thead a')].find((a) => a.textContent === 'Score')";
    browser.evaluate(&format!("{header}.click()"));
    browser.wait_for("location.search.includes('sort=-miners.score')");
    browser.wait_for(&format!(
        "{header}?.parentElement.getAttribute('aria-sort') === 'descending'"
    ));
    let highest = first_column(&mut browser, "miners");
    // By keys this time.
    browser.evaluate(&format!("{header}.focus()"));
    browser.press("Enter");
    browser.wait_for("location.search.includes('sort=miners.score')");
    browser.wait_for(&format!(
        "{header}?.parentElement.getAttribute('aria-sort') === 'ascending'"
    ));
    let lowest = first_column(&mut browser, "miners");
    assert_eq!(highest.len(), 12);
    // The one that was never scored stays last, whichever end is first.
    let (unknown, known) = highest.split_last().expect("twelve miners");
    let mut turned: Vec<String> = known.iter().rev().cloned().collect();
    turned.push(unknown.clone());
    assert_eq!(lowest, turned);

    // Finding, and opening what was found.
    let wanted = hotkey(7);
    browser.evaluate(&format!(
        "document.querySelector('input[name=find]').value = '{wanted}'; document.querySelector('form.find').requestSubmit()"
    ));
    browser.wait_for("location.search.includes('find=')");
    browser.wait_for("document.querySelectorAll('[data-key=miners] tbody tr').length === 1");
    browser.evaluate("document.querySelector('[data-key=miners] tbody a').click()");
    browser.wait_for(&format!("location.pathname === '/miner/{wanted}'"));
    browser.wait_for("document.querySelector('.changes') !== null");

    // The query is there to be copied.
    let query = browser.evaluate("document.querySelector('details.query code').textContent");
    assert!(
        query.as_str().is_some_and(|query| query.starts_with("SELECT")),
        "{query}"
    );
    assert_eq!(
        query,
        browser.evaluate("document.querySelector('details.query button').dataset.copy")
    );
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
#[ignore = "needs Chromium: cargo xtask test runs it"]
fn an_open_page_follows_what_is_recorded() {
    let serving = Serving::start(&an_hour());
    let mut browser = Browser::start();
    browser.look(WIDE_LIGHT);
    serving.open(&mut browser, "/miners?sort=-miners.score");
    browser.evaluate("document.querySelector('input[name=find]').value = 'half typed'");
    browser.evaluate("document.querySelector('[data-key=leaderboard] details.query').open = true");
    record(serving.records.path(), 5.0);
    let best = "document.querySelector('[data-key=miners] tbody th code').title";
    browser.wait_for(&format!("{best} === '{}'", hotkey(5)));
    assert_eq!(
        browser.evaluate("document.querySelector('input[name=find]').value"),
        "half typed"
    );
    assert_eq!(
        browser.evaluate("document.querySelector('[data-key=leaderboard] details.query').open"),
        Value::Bool(true)
    );
    assert_eq!(browser.complaints, Vec::<String>::new());
}

/// A score that is higher than all.
fn record(folder: &Path, score: f64) {
    let log = Log::open(LogConfig::new(folder, "5Validator")).expect("nobody else writes");
    let event = Score {
        hotkey: hotkey(5),
        netuid: Some(2),
        score: Some(score),
        ..Score::default()
    };
    log.record(OffsetDateTime::now_utc(), &event).expect("taken");
    log.flush().expect("written");
}
