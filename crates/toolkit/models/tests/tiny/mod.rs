//! Models of a few hundred weights that a test may damage.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};

/// The tokenizer's words, by their ids.
pub(crate) const WORDS: [&str; 12] = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "<|endoftext|>",
    "river",
    "bends",
    "the",
    "and",
    "water",
    "is",
    "away",
];

/// A model's folder.
pub(crate) struct Tiny {
    folder: tempfile::TempDir,
    tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)>,
}

impl Tiny {
    fn new(config: &Value, special: bool, tensors: &[(String, Vec<usize>)]) -> Self {
        let mut tiny = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            tensors: BTreeMap::new(),
        };
        tiny.write("config.json", config);
        tiny.write("tokenizer.json", &tokenizer(special));
        tiny.write(
            "tokenizer_config.json",
            &json!({ "model_max_length": if special { 12.0 } else { 1e30 } }),
        );
        for (name, shape) in tensors {
            let scale = if name.ends_with("norm.weight") { 0.0 } else { 0.4 };
            tiny.tensors
                .insert(name.clone(), (shape.clone(), values(name, shape, scale)));
        }
        tiny.save();
        tiny
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, file: &str, value: &Value) {
        fs_err::write(self.path().join(file), value.to_string()).expect("it is written");
    }

    pub(crate) fn config(&mut self, edit: impl FnOnce(&mut Value)) {
        let file = self.path().join("config.json");
        let mut config =
            serde_json::from_slice(&fs_err::read(file).expect("it is there")).expect("it is JSON");
        edit(&mut config);
        self.write("config.json", &config);
    }

    pub(crate) fn set(&mut self, name: &str, shape: &[usize], scale: f32) {
        self.tensors
            .insert(name.to_owned(), (shape.to_vec(), values(name, shape, scale)));
        self.save();
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.tensors.remove(name).expect("it was there");
        self.save();
    }

    pub(crate) fn rename(&mut self, rename: impl Fn(&str) -> String) {
        self.tensors = std::mem::take(&mut self.tensors)
            .into_iter()
            .map(|(name, tensor)| (rename(&name), tensor))
            .collect();
        self.save();
    }

    /// Moves a tensor to a file of its own.
    pub(crate) fn take_out(&mut self, name: &str, file: &str) -> PathBuf {
        let tensor = self.tensors.remove(name).expect("it was there");
        self.save();
        let path = self.path().join(file);
        save(&path, &BTreeMap::from([(name.to_owned(), tensor)]));
        path
    }

    fn save(&self) {
        save(&self.path().join("model.safetensors"), &self.tensors);
    }
}

fn save(path: &Path, tensors: &BTreeMap<String, (Vec<usize>, Vec<u8>)>) {
    let views = tensors.iter().map(|(name, (shape, bytes))| {
        (
            name.clone(),
            TensorView::new(Dtype::F32, shape.clone(), bytes).expect("the shape fits"),
        )
    });
    safetensors::serialize_to_file(views, None, path).expect("it is written");
}

/// Numbers that depend on the name, between plus and minus `scale`; those of norms' weights are near one.
fn values(name: &str, shape: &[usize], scale: f32) -> Vec<u8> {
    let norm = name.ends_with("LayerNorm.weight") || (name.contains("ln_") && name.ends_with("weight"));
    let mut state = name.bytes().fold(17_u32, |state, byte| {
        state.wrapping_mul(31).wrapping_add(byte.into())
    });
    (0..shape.iter().product::<usize>())
        .flat_map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = ((state >> 16) as f32 / 32_768.0 - 1.0) * scale;
            (if norm { 1.0 + value / 4.0 } else { value }).to_le_bytes()
        })
        .collect()
}

fn tokenizer(special: bool) -> Value {
    let vocabulary: BTreeMap<&str, usize> = WORDS.into_iter().zip(0..).collect();
    let template = |text: &str| json!({ "id": text, "ids": [vocabulary[text]], "tokens": [text] });
    let single = json!([
        { "SpecialToken": { "id": "[CLS]", "type_id": 0 } },
        { "Sequence": { "id": "A", "type_id": 0 } },
        { "SpecialToken": { "id": "[SEP]", "type_id": 0 } },
    ]);
    let mut pair = single.as_array().expect("a list").clone();
    pair.push(json!({ "Sequence": { "id": "B", "type_id": 1 } }));
    pair.push(json!({ "SpecialToken": { "id": "[SEP]", "type_id": 1 } }));
    let processor = json!({
        "type": "TemplateProcessing",
        "single": single,
        "pair": pair,
        "special_tokens": { "[CLS]": template("[CLS]"), "[SEP]": template("[SEP]") },
    });
    json!({
        "version": "1.0",
        // What the file asks for is the caller's matter: rows are neither cut to two tokens nor filled to nine.
        "truncation": { "max_length": 2, "strategy": "LongestFirst", "stride": 0, "direction": "Right" },
        "padding": {
            "strategy": { "Fixed": 9 }, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[PAD]"
        },
        "added_tokens": [{
            "id": 4, "content": "<|endoftext|>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true
        }],
        "normalizer": null,
        "pre_tokenizer": { "type": "WhitespaceSplit" },
        "post_processor": if special { processor } else { Value::Null },
        "decoder": null,
        "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]" },
    })
}

fn named(shapes: &[(&str, &[usize])]) -> Vec<(String, Vec<usize>)> {
    shapes
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), shape.to_vec()))
        .collect()
}

pub(crate) fn bert() -> Tiny {
    let config = json!({
        "model_type": "bert", "vocab_size": WORDS.len(), "hidden_size": 8, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 12, "max_position_embeddings": 16, "type_vocab_size": 2,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12,
    });
    let mut tensors = named(&[
        ("embeddings.word_embeddings.weight", &[WORDS.len(), 8]),
        ("embeddings.position_embeddings.weight", &[16, 8]),
        ("embeddings.token_type_embeddings.weight", &[2, 8]),
        ("encoder.layer.0.intermediate.dense.weight", &[12, 8]),
        ("encoder.layer.0.intermediate.dense.bias", &[12]),
        ("encoder.layer.0.output.dense.weight", &[8, 12]),
        ("encoder.layer.0.output.dense.bias", &[8]),
    ]);
    for part in [
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
    ] {
        tensors.push((format!("encoder.layer.0.{part}.weight"), vec![8, 8]));
        tensors.push((format!("encoder.layer.0.{part}.bias"), vec![8]));
    }
    for part in [
        "embeddings",
        "encoder.layer.0.attention.output",
        "encoder.layer.0.output",
    ] {
        tensors.push((format!("{part}.LayerNorm.weight"), vec![8]));
        tensors.push((format!("{part}.LayerNorm.bias"), vec![8]));
    }
    Tiny::new(&config, true, &tensors)
}

pub(crate) fn gpt_neo() -> Tiny {
    let config = json!({
        "model_type": "gpt_neo", "vocab_size": WORDS.len(), "hidden_size": 8, "num_layers": 1, "num_heads": 2,
        "intermediate_size": 12, "max_position_embeddings": 16, "window_size": 4,
        "attention_types": [[["local"], 1]], "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
    });
    let mut tensors = named(&[
        ("transformer.wte.weight", &[WORDS.len(), 8]),
        ("transformer.wpe.weight", &[16, 8]),
        ("transformer.h.0.attn.attention.out_proj.bias", &[8]),
        ("transformer.h.0.mlp.c_fc.weight", &[12, 8]),
        ("transformer.h.0.mlp.c_fc.bias", &[12]),
        ("transformer.h.0.mlp.c_proj.weight", &[8, 12]),
        ("transformer.h.0.mlp.c_proj.bias", &[8]),
    ]);
    for part in ["q_proj", "k_proj", "v_proj", "out_proj"] {
        tensors.push((
            format!("transformer.h.0.attn.attention.{part}.weight"),
            vec![8, 8],
        ));
    }
    for part in ["h.0.ln_1", "h.0.ln_2", "ln_f"] {
        tensors.push((format!("transformer.{part}.weight"), vec![8]));
        tensors.push((format!("transformer.{part}.bias"), vec![8]));
    }
    Tiny::new(&config, false, &tensors)
}

pub(crate) fn gptj() -> Tiny {
    let config = json!({
        "model_type": "gptj", "vocab_size": WORDS.len(), "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16,
        "rotary_dim": 2, "n_inner": 12, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
    });
    let mut tensors = named(&[
        ("transformer.wte.weight", &[WORDS.len(), 8]),
        ("transformer.h.0.mlp.fc_in.weight", &[12, 8]),
        ("transformer.h.0.mlp.fc_in.bias", &[12]),
        ("transformer.h.0.mlp.fc_out.weight", &[8, 12]),
        ("transformer.h.0.mlp.fc_out.bias", &[8]),
    ]);
    for part in ["q_proj", "k_proj", "v_proj", "out_proj"] {
        tensors.push((format!("transformer.h.0.attn.{part}.weight"), vec![8, 8]));
    }
    for part in ["h.0.ln_1", "ln_f"] {
        tensors.push((format!("transformer.{part}.weight"), vec![8]));
        tensors.push((format!("transformer.{part}.bias"), vec![8]));
    }
    Tiny::new(&config, false, &tensors)
}
