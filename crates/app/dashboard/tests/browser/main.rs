//! The page in a real browser.
//!
//! With `ASSAY_SCREENSHOTS=DIR` the pictures of every state stay in that folder for a person to look at.

#[path = "../chain/mod.rs"]
mod chain;
mod chromium;
mod explorer;
#[path = "../../examples/demo/made_up.rs"]
mod made_up;
#[path = "../../examples/demo/made_up_organic.rs"]
mod made_up_organic;
#[path = "../../../../toolkit/analysis/tests/made_up/mod.rs"]
mod made_up_records;
mod records;

use assay_dashboard::state::DashboardState;
use assay_dashboard::{Dashboard, DashboardConfig};
use chromium::{Browser, PHONE_DARK, PHONE_LIGHT, Screen, WIDE_DARK, WIDE_LIGHT};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_millis() as u64
}

/// A dashboard that serves until it is stopped.
struct Serving {
    runtime: Runtime,
    state: watch::Sender<DashboardState>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Serving {
    fn start(state: DashboardState) -> Serving {
        Serving::start_on(([127, 0, 0, 1], 0).into(), state)
    }

    fn start_on(listen: SocketAddr, state: DashboardState) -> Serving {
        let runtime = Runtime::new().expect("a runtime");
        let (state, watched) = watch::channel(state);
        let config = DashboardConfig {
            listen,
            ..DashboardConfig::default()
        };
        let dashboard = runtime
            .block_on(Dashboard::bind(config, watched))
            .expect("a free port");
        let address = dashboard.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = runtime.spawn(dashboard.serve(async {
            let _ = stopped.await;
        }));
        Serving {
            runtime,
            state,
            address,
            stop,
            task,
        }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn stop(self) -> SocketAddr {
        let _ = self.stop.send(());
        self.runtime.block_on(self.task).expect("a clean end");
        self.address
    }
}

#[test]
#[ignore = "needs Chromium: cargo xtask test runs it"]
fn every_state_fits_every_screen_and_loads_nothing_from_elsewhere() {
    let pictures = std::env::var_os("ASSAY_SCREENSHOTS").map(PathBuf::from);
    let mut browser = Browser::start();
    let states = [
        ("running", made_up::running(now_ms())),
        ("organic", made_up_organic::organic(now_ms())),
        ("starting", made_up::starting()),
        ("trouble", made_up::in_trouble(now_ms())),
        ("failed", made_up::failed()),
        ("crowded", made_up::crowded(now_ms())),
    ];
    let screens: [(&str, Screen); 4] = [
        ("wide-light", WIDE_LIGHT),
        ("wide-dark", WIDE_DARK),
        ("phone-light", PHONE_LIGHT),
        ("phone-dark", PHONE_DARK),
    ];
    for (name, state) in states {
        let serving = Serving::start(state);
        for (screen_name, screen) in screens {
            browser.look(screen);
            browser.open(&serving.url());
            let what = format!("{name} on {screen_name}");
            assert_eq!(
                browser.evaluate("document.documentElement.scrollWidth"),
                screen.width,
                "{what} scrolls sideways: a phone would widen its window to fit"
            );
            assert_eq!(browser.complaints, Vec::<String>::new(), "{what}");
            for address in &browser.requested {
                assert!(address.starts_with(&serving.url()), "{what} asked for {address}");
            }
            let paper = browser.evaluate("getComputedStyle(document.body).backgroundColor");
            let dark = browser.evaluate("matchMedia('(prefers-color-scheme: dark)').matches");
            assert_eq!(
                paper == "rgb(20, 18, 15)",
                dark == true,
                "{what} has a background of {paper}"
            );
            if let Some(pictures) = &pictures {
                fs_err::create_dir_all(pictures).expect("a folder for pictures");
                browser.picture(&pictures.join(format!("{name}-{screen_name}.png")));
            }
        }
        serving.stop();
    }
}

#[test]
#[ignore = "needs Chromium: cargo xtask test runs it"]
fn the_page_follows_the_state_without_losing_what_the_reader_did() {
    let serving = Serving::start(made_up::running(now_ms()));
    let mut browser = Browser::start();
    browser.look(WIDE_LIGHT);
    browser.open(&serving.url());
    browser.wait_for("document.title.startsWith('Block 1\u{202f}284')");

    // The reader opens a table, and puts the focus on a button.
    browser.evaluate("document.querySelector('details').open = true");
    browser.evaluate("document.querySelectorAll('.miners .copy')[2].focus()");
    serving.state.send_modify(|state| {
        let chain = state.chain.as_mut().expect("a chain");
        chain.block = 1_300;
        state.push_epoch(assay_dashboard::state::EpochPoint {
            epoch: 7,
            block: 1_291,
            miners: Vec::new(),
        });
        state.miners[0].loss = Some(1.25);
        state.miners.swap(2, 4);
    });
    browser.wait_for("document.title.startsWith('Block 1\u{202f}300')");
    browser
        .wait_for("document.querySelector('.miners tbody tr td[data-label=Loss]').textContent === '1.2500'");
    assert_eq!(browser.evaluate("document.querySelector('details').open"), true);
    assert_eq!(
        browser.evaluate("document.querySelectorAll('.column').length"),
        4 * 7
    );
    let focused = browser.evaluate("document.activeElement.dataset.copy");
    assert_eq!(
        focused,
        serving.state.borrow().miners[4].hotkey,
        "the focus went with its miner"
    );

    // What a miner calls itself is text and nothing else.
    serving
        .state
        .send_modify(|state| state.miners[0].name = "<img src=x onerror=alert(1)>".to_owned());
    browser.wait_for("document.querySelector('.miner-name').textContent.includes('<img src=x')");
    assert_eq!(
        browser.evaluate("document.querySelectorAll('.miner-name img').length"),
        0
    );
    assert_eq!(browser.complaints, Vec::<String>::new());
    serving.stop();
}

#[test]
#[ignore = "needs Chromium: cargo xtask test runs it"]
fn a_lost_connection_is_told_and_comes_back_by_itself() {
    let serving = Serving::start(made_up::running(now_ms()));
    let mut browser = Browser::start();
    browser.look(PHONE_LIGHT);
    browser.open(&serving.url());
    browser.wait_for("document.getElementById('connection').hidden");

    let address = serving.stop();
    browser.wait_for("!document.getElementById('connection').hidden");
    assert_eq!(
        browser.evaluate("document.getElementById('connection').textContent.includes('not up to date')"),
        true
    );
    assert_eq!(
        browser.evaluate("document.querySelectorAll('.miners tbody tr').length"),
        5,
        "the last state stays"
    );

    let mut state = made_up::running(now_ms());
    state.chain.as_mut().expect("a chain").block = 2_000;
    let serving = Serving::start_on(address, state);
    browser.wait_for("document.title.startsWith('Block 2\u{202f}000')");
    browser.wait_for("document.getElementById('connection').hidden");
    serving.stop();
}

#[test]
#[ignore = "needs Chromium: cargo xtask test runs it"]
fn plots_tell_their_numbers_to_pointer_and_keyboard() {
    let serving = Serving::start(made_up::running(now_ms()));
    let mut browser = Browser::start();
    browser.look(WIDE_LIGHT);
    browser.open(&serving.url());
    browser.evaluate("document.querySelector('svg.plot.wide').scrollIntoView({ block: 'center' })");
    // The page tells of the scrolling a frame later, and hides tooltips then.
    browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    let place = |browser: &mut Browser, axis: &str| {
        let script = format!(
            "(() => {{ const box = document.querySelectorAll('svg.plot.wide .hit')[5].getBoundingClientRect(); \
             return {axis}; }})()"
        );
        browser.evaluate(&script).as_f64().expect("a place")
    };
    let (x, y) = (
        place(&mut browser, "box.x + box.width / 2"),
        place(&mut browser, "box.y + box.height / 2"),
    );
    browser.point_at(x, y);
    browser.wait_for("!document.getElementById('tip').hidden");
    let shown = browser.evaluate("document.getElementById('tip').innerText");
    let shown = shown.as_str().expect("a text");
    assert!(shown.contains("Epoch 6") && shown.contains("noisy"), "{shown}");
    assert!(!shown.contains("malformed"), "it has no loss: {shown}");

    browser.evaluate("document.querySelector('svg.plot.wide').focus()");
    browser.press("ArrowLeft");
    browser.wait_for("document.querySelector('#tip strong').textContent === 'Epoch 5'");
    browser.press("Home");
    browser.wait_for("document.querySelector('#tip strong').textContent === 'Epoch 1'");
    browser.press("Escape");
    browser.wait_for("document.getElementById('tip').hidden");
    serving.stop();
}

#[test]
#[ignore = "needs Chromium: cargo xtask test runs it"]
fn the_chosen_theme_survives_a_reload() {
    let serving = Serving::start(made_up::running(now_ms()));
    let mut browser = Browser::start();
    browser.look(WIDE_DARK);
    browser.open(&serving.url());
    let paper = "getComputedStyle(document.body).backgroundColor";
    assert_eq!(browser.evaluate(paper), "rgb(20, 18, 15)");
    browser.evaluate("document.getElementById('theme').click()");
    assert_eq!(browser.evaluate(paper), "rgb(245, 243, 238)");
    assert_eq!(
        browser.evaluate("document.getElementById('theme').textContent"),
        "Light"
    );
    browser.open(&serving.url());
    browser.wait_for("document.getElementById('theme').textContent === 'Light'");
    assert_eq!(browser.evaluate(paper), "rgb(245, 243, 238)");
    serving.stop();
}
