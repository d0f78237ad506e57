//! The SDK's own core encrypts and opens: what it makes is opened here, and what is made here it opens.

use assay_peers::Python;
use assay_timelock::{
    Beacon, OpenedWeights, OsRng, PublicKey, Round, Signature, WeightsPayload, decrypt, encrypt,
};

const ROUND_1000: &str =
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn the_sdks_core_and_we_open_each_others_ciphertexts() {
    let signature = Signature::from_bytes(&hex::decode(ROUND_1000).unwrap()).unwrap();
    let key = PublicKey::from_bytes(&Beacon::quicknet().public_key).unwrap();
    let hotkey = [5; 32];
    let ours = encrypt(&key, Round(1000), b"from here", &mut OsRng).unwrap();

    let lines = Python::venv("sdk11")
        .script("conformance/sdk11/timelock.py")
        .arg(ROUND_1000)
        .arg(hex::encode(hotkey))
        .arg(hex::encode(&ours))
        .run();
    let field = |step: &str, name: &str| {
        let line = lines.iter().find(|line| line["step"] == step).unwrap();
        hex::decode(line[name].as_str().unwrap()).unwrap()
    };

    // The core wraps texts, but not commits, in a length and the round.
    let wrapped = field("text", "wrapped");
    assert_eq!(wrapped.len(), 2 + 244 + 5 + 8);
    assert_eq!(decrypt(&wrapped[2..], &signature).unwrap(), b"assay");

    let commit = decrypt(&field("commit", "ciphertext"), &signature).unwrap();
    let row = WeightsPayload {
        hotkey,
        uids: vec![0, 1],
        values: vec![10, 20],
        version_key: 7,
    };
    assert_eq!(commit, row.encode());
    assert_eq!(OpenedWeights::decode(&commit), Ok(OpenedWeights::Signed(row)));
    assert_eq!(field("opened", "text"), b"from here");
}
