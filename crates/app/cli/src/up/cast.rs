//! Who takes part: the demonstration's miners, or one miner for each file that the user brought.

use super::home::{Home, Inputs};
use assay_hub::RepoId;
use miette::{IntoDiagnostic, WrapErr};
use rust_embed::RustEmbed;
use std::path::{Path, PathBuf};

/// The demonstration's datasets and its held-out rows.
#[derive(RustEmbed)]
#[folder = "../../../assets/demo"]
struct DemoFiles;

/// The base model that is shipped, and the recipe that suits it.
#[derive(RustEmbed)]
#[folder = "../../../assets/base-model"]
#[include = "*.json"]
#[include = "*.safetensors"]
#[include = "*.toml"]
struct BaseModelFiles;

/// Writes the shipped base model into `folder`, unless it is there already.
pub(crate) fn unpack_base_model(folder: &Path) -> miette::Result<PathBuf> {
    unpack::<BaseModelFiles>(folder)
}

/// A miner's part.
#[derive(Clone, Debug)]
pub(super) struct MinerRole {
    pub(super) name: String,
    pub(super) repo: RepoId,
    pub(super) dataset: PathBuf,
    pub(super) manner: Manner,
}

/// How a miner works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Our own miner: checks before it publishes.
    Careful,
    /// As careful, and only once the named miner has committed: it copies it.
    After(String),
    /// Publishes whatever it has, as miners of other makes do.
    Careless,
}

/// Everything that a competition starts from, on disk.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    pub(super) miners: Vec<MinerRole>,
    pub(super) held_out: PathBuf,
    pub(super) base_model: PathBuf,
}

impl Cast {
    /// Lays out the files of a run and says who plays.
    pub(super) fn assemble(home: &Home) -> miette::Result<Self> {
        let inputs = &home.settings.inputs;
        let data = home.data();
        let base_model = match &inputs.base_model {
            Some(folder) => folder.clone(),
            None => unpack_base_model(&home.folder().join("base-model"))?,
        };
        let demo = unpack::<DemoFiles>(&data)?;
        let held_out = inputs.eval.clone().unwrap_or_else(|| demo.join("eval.jsonl"));
        let miners = if inputs.datasets.is_empty() {
            demonstration(&demo, inputs.miners)?
        } else {
            own(inputs)?
        };
        Ok(Self {
            miners,
            held_out,
            base_model,
        })
    }
}

/// The demonstration: good data, bad data, too little data, stolen data, and no data at all. More miners than that
/// share out the good data among them, each a part of its own.
fn demonstration(folder: &Path, count: usize) -> miette::Result<Vec<MinerRole>> {
    let file = |name: &str| folder.join(format!("{name}.jsonl"));
    let parts = [
        ("clean", "clean", Manner::Careful),
        ("noisy", "noisy", Manner::Careful),
        ("tiny", "tiny", Manner::Careful),
        ("duplicate", "clean", Manner::After("clean".to_owned())),
        ("malformed", "malformed", Manner::Careless),
    ];
    let mut miners = Vec::new();
    for (name, dataset, manner) in parts.into_iter().take(count) {
        miners.push(role(name, file(dataset), manner)?);
    }
    let extra = count.saturating_sub(miners.len());
    let rows = fs_err::read_to_string(file("clean")).into_diagnostic()?;
    for number in 0..extra {
        // At least three parts: two halves would each share half their rows with the whole, and count as its copies.
        let share: Vec<_> = rows.lines().skip(number).step_by(extra.max(3)).collect();
        let name = format!("part-{}", number + 1);
        let path = file(&name);
        fs_err::write(&path, share.join("\n") + "\n").into_diagnostic()?;
        miners.push(role(&name, path, Manner::Careful)?);
    }
    Ok(miners)
}

/// One miner for each file, named after it.
fn own(inputs: &Inputs) -> miette::Result<Vec<MinerRole>> {
    let mut miners: Vec<MinerRole> = Vec::new();
    for path in &inputs.datasets {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let plain: String = stem
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .take(24)
            .collect();
        let plain = plain.trim_matches('-');
        let base = if plain.is_empty() { "dataset" } else { plain };
        let mut name = base.to_owned();
        let mut number = 2;
        while miners.iter().any(|miner| miner.name == name) {
            name = format!("{base}-{number}");
            number += 1;
        }
        miners.push(role(&name, path.clone(), Manner::Careful)?);
    }
    Ok(miners)
}

fn role(name: &str, dataset: PathBuf, manner: Manner) -> miette::Result<MinerRole> {
    Ok(MinerRole {
        name: name.to_owned(),
        repo: RepoId::new(name, "dataset").into_diagnostic()?,
        dataset,
        manner,
    })
}

/// Writes embedded files into `folder`, where they differ from what is there.
pub(super) fn unpack<Files: RustEmbed>(folder: &Path) -> miette::Result<PathBuf> {
    for name in Files::iter() {
        let Some(file) = Files::get(&name) else { continue };
        let path = folder.join(name.as_ref());
        let same = fs_err::metadata(&path).is_ok_and(|found| found.len() == file.data.len() as u64)
            && fs_err::read(&path).is_ok_and(|found| found == *file.data);
        if same {
            continue;
        }
        if let Some(parent) = path.parent() {
            fs_err::create_dir_all(parent).into_diagnostic()?;
        }
        super::home::write_atomically(&path, &file.data)
            .wrap_err_with(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(folder.to_path_buf())
}
