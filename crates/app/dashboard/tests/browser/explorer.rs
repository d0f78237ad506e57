//! The pages about a chain in a real browser.

use crate::chain::{Pages, World, pair};
use crate::chromium::{Browser, PHONE_DARK, PHONE_LIGHT, Screen, WIDE_DARK, WIDE_LIGHT};
use crate::made_up;
use assay_dashboard::{Chain, Dashboard, DashboardConfig};
use std::path::PathBuf;
use tokio::runtime::Runtime;
use tokio::sync::watch;

#[test]
#[ignore = "needs Chromium: cargo xtask test runs it"]
fn pages_about_the_chain_fit_every_screen_and_follow_it() {
    let pictures = std::env::var_os("ASSAY_SCREENSHOTS").map(PathBuf::from);
    let runtime = Runtime::new().expect("a runtime");
    let (world, pages) = runtime.block_on(async {
        let world = World::new().await;
        let pages = Pages::serve(Chain::Connected(world.client.clone())).await;
        (world, pages)
    });
    let netuid = world.netuid;
    let addresses = [
        ("blocks", "/blocks".to_owned()),
        ("block", format!("/block/{}", world.transfer)),
        ("failure", format!("/block/{}", world.failure)),
        ("extrinsic", format!("/extrinsic/{}-1", world.remark)),
        ("weights", format!("/extrinsic/{}-1", world.weights)),
        ("account", format!("/account/{}", pair("//Bob").account())),
        ("owner", format!("/account/{}", pair("//Alice").account())),
        ("subnets", "/subnets".to_owned()),
        ("subnet", format!("/subnet/{netuid}?by=incentive")),
        ("neuron", format!("/neuron/{netuid}/1")),
        ("search", format!("/search?q={netuid}")),
        ("missing", "/block/999999".to_owned()),
    ];
    let mut screens: Vec<(&str, Screen)> = vec![("wide-light", WIDE_LIGHT), ("phone-dark", PHONE_DARK)];
    if pictures.is_some() {
        // The dashboard's own page is tried on all four; here the others are for a person to look at.
        screens.extend([("wide-dark", WIDE_DARK), ("phone-light", PHONE_LIGHT)]);
    }
    let mut browser = Browser::start();
    for (name, address) in &addresses {
        for &(screen_name, screen) in &screens {
            browser.look(screen);
            browser.open(&pages.url(address));
            let what = format!("{name} on {screen_name}");
            assert_eq!(
                browser.evaluate("document.documentElement.scrollWidth"),
                screen.width,
                "{what} scrolls sideways: a phone would widen its window to fit"
            );
            // A page that is missing is answered with 404, about which the browser complains.
            if *name != "missing" {
                assert_eq!(browser.complaints, Vec::<String>::new(), "{what}");
            }
            for asked in &browser.requested {
                assert!(asked.starts_with(&pages.url("/")), "{what} asked for {asked}");
            }
            if let Some(pictures) = &pictures {
                fs_err::create_dir_all(pictures).expect("a folder for pictures");
                browser.picture(&pictures.join(format!("{name}-{screen_name}.png")));
            }
        }
    }

    // Beside a run, whose page leads here.
    let run = runtime.block_on(async {
        let (state, watched) = watch::channel(made_up::running(1_000));
        let (_, chain) = watch::channel(Chain::Connected(world.client.clone()));
        let config = DashboardConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            ..DashboardConfig::default()
        };
        let dashboard = Dashboard::bind(config, watched)
            .await
            .expect("a free port")
            .with_chain(chain);
        let url = dashboard.url();
        tokio::spawn(dashboard.serve(std::future::pending()));
        // The state is not told any more, which the page says; it is its place that counts here.
        drop(state);
        url
    });
    browser.look(PHONE_LIGHT);
    browser.open(&run);
    assert_eq!(
        browser.evaluate("document.documentElement.scrollWidth"),
        PHONE_LIGHT.width
    );
    if let Some(pictures) = &pictures {
        browser.picture(&pictures.join("run-phone-light.png"));
    }
    browser.evaluate("document.querySelector('.top nav a[href=\"/subnets\"]').click()");
    browser.wait_for("location.pathname === '/subnets' && document.readyState === 'complete'");
    assert_eq!(
        browser.evaluate("document.querySelector('.top nav a').textContent"),
        "Run"
    );

    // An open page follows the chain, and what the reader opened stays open.
    browser.look(WIDE_LIGHT);
    browser.open(&pages.url("/blocks"));
    let (head, _) = runtime.block_on(world.devnet.produce(1)).expect("a block");
    browser.wait_for(&format!(
        "document.querySelector('.blocks tbody a').getAttribute('href') === '/block/{head}'"
    ));
    browser.open(&pages.url(&format!("/neuron/{netuid}/1")));
    browser.evaluate("document.querySelector('.copy').focus()");
    let focused = browser.evaluate("document.activeElement.dataset.copy");
    let before = browser.evaluate("document.querySelector('.facts').innerText");
    runtime.block_on(world.devnet.produce(7)).expect("blocks");
    browser.wait_for(&format!(
        "document.querySelector('.facts').innerText !== {before}"
    ));
    assert_eq!(browser.evaluate("document.activeElement.dataset.copy"), focused);

    // The search works from the field, and without a script it is a form like any other.
    browser.evaluate("document.querySelector('.search input').value = '3'");
    browser.evaluate("document.querySelector('.search').requestSubmit()");
    browser.wait_for("location.pathname === '/block/3' && document.readyState === 'complete'");
    runtime.block_on(async {
        pages.stop().await;
        world.devnet.stop().await;
    });
}
