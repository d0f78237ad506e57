//! Any bytes to an axon's socket, strict or in bittensor's manner: it answers or closes, and goes on serving.
#![no_main]

use assay_axon::{
    OperatorTokens,
    server::{Asked, Axon, AxonConfig, BucketSize, Failure, Route, Synapse},
    synapse::{Field, FieldType, PythonValue},
};
use assay_keys::{Pair, Scheme};
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::OnceLock,
    time::Duration,
};

/// No answer takes longer; one that does has hung.
const PATIENCE: Duration = Duration::from_secs(20);
/// One that opens the route, so that some bytes come as far as its body.
const TOKEN: &str = "9f86d081884c7d659a2feaa0c55ad015";

#[derive(Serialize, Deserialize)]
struct Echo {
    text: String,
    #[serde(default)]
    tags: Vec<f64>,
}

impl Synapse for Echo {
    const NAME: &'static str = "Echo";
    const HASHED: &'static [&'static str] = &["text", "tags"];

    fn fields() -> Vec<Field> {
        vec![
            Field::required("text", FieldType::Str),
            Field::with_default(
                "tags",
                FieldType::list(FieldType::Float),
                PythonValue::List(Vec::new()),
            ),
        ]
    }
}

async fn back(asked: Asked<Echo>) -> Result<Echo, Failure> {
    Ok(asked.synapse)
}

struct Axons {
    addresses: [SocketAddr; 2],
    _axons: Vec<Axon>,
    _runtime: tokio::runtime::Runtime,
}

fn axons() -> &'static Axons {
    static AXONS: OnceLock<Axons> = OnceLock::new();
    AXONS.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let mut axons = Vec::new();
        for mut config in [AxonConfig::default(), AxonConfig::bittensor10()] {
            let endless = BucketSize {
                burst: u32::MAX,
                per_second: 1e9,
            };
            (config.rates.address, config.rates.caller) = (endless, endless);
            config.connections.head_time = Duration::from_millis(200);
            config.connections.body_time = Duration::from_millis(200);
            config.operators = OperatorTokens::new([("ada", TOKEN)]).expect("a token");
            let bob = Pair::from_uri("//Bob", Scheme::Sr25519).expect("a key");
            let axon = runtime.block_on(
                Axon::build(bob, config)
                    .route(Route::new(back))
                    .listen(&["127.0.0.1:0".parse().expect("an address")]),
            );
            axons.push(axon.expect("an axon"));
        }
        Axons {
            addresses: [axons[0].addresses()[0], axons[1].addresses()[0]],
            _axons: axons,
            _runtime: runtime,
        }
    })
}

/// What comes back until the axon closes.
fn sent(address: SocketAddr, bytes: &[u8], is_whole: bool) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("it takes connections");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let _ = stream.write_all(bytes);
    if !is_whole {
        // What was not finished will not be: so the axon need not wait.
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("it hangs"),
        _ => said,
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((how, rest)) = bytes.split_first() else {
        return;
    };
    let axons = axons();
    let address = axons.addresses[usize::from(how & 1)];
    if how & 2 == 0 {
        sent(address, rest, false);
    } else {
        // A head that is in order, and any body.
        let head = format!(
            "POST /Echo HTTP/1.1\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            rest.len()
        );
        let said = sent(address, &[head.as_bytes(), rest].concat(), true);
        assert!(said.starts_with(b"HTTP/1.1 200") || said.starts_with(b"HTTP/1.1 400"));
    }
});
