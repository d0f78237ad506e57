//! Adapters on disk, in the format of the `peft` library: `adapter_config.json` and `adapter_model.safetensors`.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Adapter, LoraConfig, ModelError, Projection, Targets,
    adapter::{AdaptedShape, AdapterLayout},
    tensor_file::{self, Outgoing, Precision, TensorFile, read_limited, write_atomically},
};

const CONFIG_FILE: &str = "adapter_config.json";
const TENSOR_FILE: &str = "adapter_model.safetensors";

/// Most bytes of an adapter's configuration. One that lists the modules of a hundred layers by name has 40 KB.
const CONFIG_LIMIT: u64 = 4 << 20;

/// Most bytes of an adapter's tensors: rank 256 on every map of a 7-billion model is 2.6 GB.
const TENSOR_LIMIT: u64 = 4 << 30;

/// Most layers of an adapter; a larger number in a tensor's name is a mistake or an attack.
const MOST_LAYERS: usize = 1024;

#[derive(Deserialize)]
struct ConfigFile {
    peft_type: String,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    lora_dropout: f64,
    #[serde(default)]
    bias: Option<String>,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    lora_bias: bool,
    #[serde(default)]
    target_modules: Value,
    #[serde(default)]
    modules_to_save: Value,
    #[serde(default)]
    layers_to_transform: Value,
    #[serde(default)]
    rank_pattern: Value,
    #[serde(default)]
    alpha_pattern: Value,
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// Splits `base_model.model.model.layers.3.mlp.up_proj.lora_A.weight` into layer, projection and `A`.
fn parse_name(name: &str) -> Option<(usize, Projection, &str)> {
    let rest = name
        .strip_prefix("base_model.model.model.layers.")?
        .strip_suffix(".weight")?;
    let mut parts = rest.split('.');
    let layer = parts.next()?.parse().ok()?;
    let (block, module, side) = (parts.next()?, parts.next()?, parts.next()?.strip_prefix("lora_")?);
    let projection = Projection::ALL
        .into_iter()
        .find(|p| p.block() == block && p.name() == module)?;
    (parts.next().is_none() && matches!(side, "A" | "B")).then_some((layer, projection, side))
}

/// Whether the configuration's list of target modules speaks of a projection in a layer: by its suffix, by its full
/// name, or as `all-linear`.
fn is_targeted(targets: &Value, layer: usize, projection: Projection) -> bool {
    let full = projection.module(layer);
    let meant = |name: &str| full == name || full.ends_with(&format!(".{name}"));
    match targets {
        Value::String(name) => name == "all-linear" || meant(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(meant),
        _ => false,
    }
}

impl Adapter {
    /// Writes `adapter_config.json` and `adapter_model.safetensors` as the `peft` library does, in f32. The folder is
    /// made if it is not there; the configuration comes last, so that a folder that has it is complete.
    ///
    /// # Errors
    /// [`ModelError::Io`] when the folder or a file cannot be written.
    pub fn save_peft(&self, folder: &Path) -> Result<(), ModelError> {
        fs_err::create_dir_all(folder)?;
        let names: Vec<String> = self.layout.tensors().map(|tensor| tensor.name).collect();
        let tensors: Vec<Outgoing<'_>> = self
            .layout
            .tensors()
            .zip(names)
            .map(|(tensor, name)| Outgoing {
                name,
                shape: tensor.shape.to_vec(),
                values: &self.values[tensor.range],
            })
            .collect();
        tensor_file::write(&folder.join(TENSOR_FILE), &tensors, Precision::Single)?;
        let targets: Vec<&str> = Projection::ALL
            .into_iter()
            .filter(|p| self.config.targets.contains(*p))
            .map(Projection::name)
            .collect();
        // The library expects a whole number where there is one.
        let alpha = self.config.alpha;
        #[expect(clippy::cast_possible_truncation, reason = "only used when it is exact")]
        let alpha = if alpha.fract() == 0.0 && alpha.abs() < 1e9 {
            json!(alpha as i64)
        } else {
            json!(alpha)
        };
        let config = json!({
            "alpha_pattern": {},
            "base_model_name_or_path": null,
            "bias": "none",
            "fan_in_fan_out": false,
            "inference_mode": true,
            "init_lora_weights": true,
            "layers_pattern": null,
            "layers_to_transform": null,
            "lora_alpha": alpha,
            "lora_dropout": self.config.dropout,
            "modules_to_save": null,
            "peft_type": "LORA",
            "r": self.config.rank,
            "rank_pattern": {},
            "revision": null,
            "target_modules": targets,
            "task_type": "CAUSAL_LM",
            "use_dora": false,
            "use_rslora": false,
        });
        let mut text = format!("{config:#}");
        text.push('\n');
        write_atomically(&folder.join(CONFIG_FILE), text.as_bytes())
    }

    /// Reads an adapter folder in the `peft` format: plain LoRA without biases, the same rank and the same maps in
    /// every layer, target modules named by suffix or in full.
    ///
    /// # Errors
    /// Files that are missing, too large, unsound or ask for something else than plain LoRA.
    pub fn load_peft(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join(CONFIG_FILE);
        let text = read_limited(&path, CONFIG_LIMIT)?;
        let file: ConfigFile = serde_json::from_slice(&text).map_err(|source| ModelError::Json {
            path: path.clone(),
            source,
        })?;
        check_plain(&path, &file)?;
        let alpha = if file.use_rslora {
            // Its scale is alpha / √rank; the same scale in the plain form.
            file.lora_alpha * (file.r as f64).sqrt()
        } else {
            file.lora_alpha
        };

        let tensor_path = folder.join(TENSOR_FILE);
        let content = read_limited(&tensor_path, TENSOR_LIMIT)?;
        let tensors = TensorFile::new(&tensor_path, &content)?;
        let shape = shape_of(&tensor_path, &file, &tensors)?;
        let named: Vec<Projection> = shape.dimensions.keys().copied().collect();
        let targets = if named.len() == Projection::ALL.len() {
            Targets::AllLinear
        } else {
            Targets::Named(named)
        };
        let layout = AdapterLayout::new(&shape, file.r);
        // The file holds every element of the layout in at least two bytes, or it is not complete.
        if layout.length > content.len() / 2 {
            return Err(ModelError::TensorShape {
                name: "(all tensors of the adapter)".to_owned(),
                expected: vec![layout.length],
                found: vec![content.len() / 2],
            });
        }
        let mut values = vec![0.0; layout.length];
        for tensor in layout.tensors() {
            if !tensors.read_into(&tensor.name, &tensor.shape, &mut values[tensor.range.clone()])? {
                return Err(ModelError::MissingTensor {
                    name: tensor.name,
                    path: tensor_path,
                });
            }
        }
        let config = LoraConfig {
            rank: file.r,
            alpha,
            dropout: file.lora_dropout,
            targets,
        };
        Ok(Self {
            config,
            shape,
            layout,
            values,
        })
    }
}

fn check_plain(path: &Path, file: &ConfigFile) -> Result<(), ModelError> {
    let unsupported = |field, value: String, supported| {
        Err(ModelError::Unsupported {
            path: path.to_owned(),
            field,
            value,
            supported,
        })
    };
    if file.peft_type != "LORA" {
        return unsupported("peft_type", file.peft_type.clone(), "LORA");
    }
    if !(1..=65_536).contains(&file.r) {
        return unsupported("r", file.r.to_string(), "1 to 65536");
    }
    if !file.lora_alpha.is_finite() {
        return unsupported("lora_alpha", file.lora_alpha.to_string(), "a finite number");
    }
    if let Some(bias) = file.bias.as_ref().filter(|bias| *bias != "none") {
        return unsupported("bias", bias.clone(), "none");
    }
    for (field, on) in [
        ("use_dora", file.use_dora),
        ("fan_in_fan_out", file.fan_in_fan_out),
        ("lora_bias", file.lora_bias),
    ] {
        if on {
            return unsupported(field, "true".to_owned(), "false");
        }
    }
    for (field, value) in [
        ("modules_to_save", &file.modules_to_save),
        ("layers_to_transform", &file.layers_to_transform),
        ("rank_pattern", &file.rank_pattern),
        ("alpha_pattern", &file.alpha_pattern),
    ] {
        if !is_empty(value) {
            return unsupported(field, value.to_string(), "empty");
        }
    }
    Ok(())
}

/// Layers and dimensions as the tensors' names and shapes tell them.
fn shape_of(path: &Path, file: &ConfigFile, tensors: &TensorFile<'_>) -> Result<AdaptedShape, ModelError> {
    let mut layers = 0;
    let mut sides: BTreeMap<Projection, [usize; 2]> = BTreeMap::new();
    for name in tensors.names() {
        let parsed = parse_name(name).filter(|(layer, projection, _)| {
            *layer < MOST_LAYERS && is_targeted(&file.target_modules, *layer, *projection)
        });
        let Some((layer, projection, side)) = parsed else {
            return Err(ModelError::Unsupported {
                path: path.to_owned(),
                field: "a tensor's name",
                value: name.to_owned(),
                supported: "lora_A and lora_B of the target modules",
            });
        };
        layers = layers.max(layer + 1);
        let shape = tensors.shape(name).unwrap_or_default();
        let [rows, columns] = shape[..] else {
            return Err(ModelError::TensorShape {
                name: name.to_owned(),
                expected: vec![0, 0],
                found: shape,
            });
        };
        let entry = sides.entry(projection).or_default();
        match side {
            "A" => entry[0] = columns,
            _ => entry[1] = rows,
        }
    }
    let dimensions = sides
        .into_iter()
        .map(|(projection, [inputs, outputs])| (projection, (inputs, outputs)))
        .collect();
    if layers == 0 {
        return Err(ModelError::MissingTensor {
            name: "(any lora_A or lora_B)".to_owned(),
            path: path.to_owned(),
        });
    }
    Ok(AdaptedShape { layers, dimensions })
}
