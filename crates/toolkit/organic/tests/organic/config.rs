//! What a configuration may say.

use assay_organic::{ConfigError, OrganicConfig, Profile, SynthSource, Trigger};
use serde_json::json;

fn read(value: serde_json::Value) -> Result<OrganicConfig, serde_json::Error> {
    serde_json::from_value(value)
}

#[test]
fn the_defaults_hold_and_a_file_overrides_them() {
    let config = read(json!({
        "profile": "july-23",
        "trigger": "steps",
        "trigger_frequency": 5,
        "queue_policy": "fifo",
        "synth": [{"conversations": ["chat.jsonl"]}, {"templates": "asks.txt", "weight": 2}],
        "whitelist": ["5F4tQyWrhfGVcNhoqeiNsR6KjD4wMZ2kfhLj4oHYuyHbZAc3"],
        "backoff": {"initial": 0.5},
    }))
    .unwrap();
    config.validate().unwrap();
    assert_eq!(
        (config.profile, config.trigger),
        (Profile::ThresholdBase, Trigger::Steps)
    );
    assert_eq!((config.backoff.initial, config.backoff.max), (0.5, 60.0));
    assert_eq!((config.synth[0].weight, config.synth[1].weight), (1.0, 2.0));
    assert_eq!(config.queue_max_size, 10_000);
    let written = serde_json::to_value(&config).unwrap();
    assert_eq!(written["trigger"], "steps");
    assert_eq!(read(written).unwrap(), config);
}

#[test]
fn what_cannot_be_is_named_with_what_is_allowed() {
    let cases: [(&str, serde_json::Value, &str); 9] = [
        (
            "trigger_frequency",
            json!(0),
            "organic.trigger_frequency is 0: it must be a number above 0",
        ),
        (
            "trigger_frequency_min",
            json!(-1),
            "organic.trigger_frequency_min is -1: it must be 0 or more",
        ),
        (
            "trigger_frequency",
            json!(1e12),
            "organic.trigger_frequency is 1000000000000: it must be a year at most (31536000)",
        ),
        (
            "queue_max_per_hotkey",
            json!(0),
            "organic.queue_max_per_hotkey is 0: it must be 1 or more",
        ),
        (
            "sample_size",
            json!(0),
            "organic.sample_size is 0: it must be 1 or more",
        ),
        (
            "max_attempts",
            json!(0),
            "organic.max_attempts is 0: it must be 1 or more",
        ),
        (
            "backoff",
            json!({"factor": 0.5}),
            "organic.backoff.factor is 0.5: it must be 1 or more",
        ),
        (
            "backoff",
            json!({"max": 0.5}),
            "organic.backoff.max is 0.5: it must be at least `backoff.initial`",
        ),
        (
            "synth",
            json!([{}]),
            "organic.synth[0] must have either `conversations` or `templates`",
        ),
    ];
    for (key, value, words) in cases {
        let error = read(json!({ key: value })).unwrap().validate().unwrap_err();
        assert_eq!(error.to_string(), words);
    }
    let half_a_step = read(json!({"trigger": "steps", "trigger_frequency": 0.5})).unwrap();
    assert!(matches!(
        half_a_step.validate(),
        Err(ConfigError::OutOfRange {
            key: "trigger_frequency",
            ..
        })
    ));
    let no_number = OrganicConfig {
        trigger_scaling_factor: f64::NAN,
        ..OrganicConfig::default()
    };
    assert!(matches!(
        no_number.validate(),
        Err(ConfigError::ScalingFactor { .. })
    ));
    assert!(
        read(json!({"trigger_freqency": 5}))
            .unwrap_err()
            .to_string()
            .contains("trigger_freqency")
    );
    assert!(read(json!({"whitelist": ["5Nobody"]})).is_err());
    let both = SynthSource {
        conversations: vec!["a".into()],
        templates: Some("b".into()),
        synonyms: None,
        weight: 1.0,
    };
    let config = OrganicConfig {
        synth: vec![both],
        ..OrganicConfig::default()
    };
    assert_eq!(config.validate(), Err(ConfigError::SynthSource { index: 0 }));
}
