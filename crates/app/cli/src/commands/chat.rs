//! What miners and validators of people's chats have in common: what answers, and what is asked when nobody asks.

use crate::{configuration::expand_home, context::Context, up};
use assay_minds::{Endpoint, LocalModel, Mind};
use assay_models::{Adapter, BaseModel};
use assay_organic::synth::Templates;
use miette::{IntoDiagnostic, WrapErr, miette};
use reqwest::Url;
use secrecy::SecretString;
use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

/// The questions that are shipped.
const QUESTIONS: &str = include_str!("../../../../../assets/chat/questions.txt");
/// How long an endpoint may take for one answer. Gateways wait half as long; what is not asked any more is dropped anyway.
const ENDPOINT_PATIENCE: Duration = Duration::from_secs(60);
/// Conversations that an endpoint is asked at one time: it has its own queue, and each of ours is but a socket.
const ENDPOINT_AT_ONCE: usize = 64;

/// What answers.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "What answers")]
pub(crate) struct MindArgs {
    /// Folder of a Qwen2 model in the Hugging Face layout [default: the small one that is shipped]
    #[arg(long, value_name = "DIR", conflicts_with = "endpoint")]
    pub(in crate::commands) model: Option<PathBuf>,
    /// Folder of a LoRA adapter for it, in the peft layout
    #[arg(long, value_name = "DIR", conflicts_with = "endpoint")]
    pub(in crate::commands) adapter: Option<PathBuf>,
    /// A model behind an API like OpenAI's instead, such as http://127.0.0.1:8000/v1
    #[arg(long, value_name = "URL", value_parser = api, requires = "endpoint_model")]
    pub(in crate::commands) endpoint: Option<Url>,
    /// The name of the model there
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    pub(in crate::commands) endpoint_model: Option<String>,
    /// The environment variable that holds the API's key
    #[arg(long, value_name = "VAR", requires = "endpoint")]
    pub(in crate::commands) endpoint_key_env: Option<String>,
    /// Draw at this temperature, whatever is asked for; 0 for the likeliest words
    #[arg(long, value_name = "T", value_parser = temperature)]
    pub(in crate::commands) temperature: Option<f64>,
    /// Conversations answered at one time [default: one a core, 64 of an endpoint]
    #[arg(long, value_name = "N")]
    pub(in crate::commands) at_once: Option<NonZeroUsize>,
}

impl MindArgs {
    /// What must not be recorded: the API's key, if there is one.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let variable = self.endpoint_key_env.as_deref();
        // One that is missing is told when it is needed.
        variable
            .and_then(|variable| key_in(variable).ok())
            .into_iter()
            .collect()
    }

    /// What answers. The shipped model is written into `shipped` where it is needed.
    pub(crate) fn mind(&self, shipped: &Path, context: &Context) -> miette::Result<Arc<dyn Mind>> {
        let at_once = self.at_once.map(NonZeroUsize::get);
        if let (Some(url), Some(model)) = (&self.endpoint, &self.endpoint_model) {
            let key = self.endpoint_key_env.as_deref().map(key_in).transpose()?;
            if key.is_some() && url.scheme() == "http" && !is_on_this_machine(url) {
                context
                    .output()
                    .warn("the API's key goes over the network unencrypted: give an https:// address");
            }
            let mut endpoint = Endpoint::new(url.as_str(), model, key, ENDPOINT_PATIENCE)
                .into_diagnostic()?
                .at_once(at_once.unwrap_or(ENDPOINT_AT_ONCE));
            if let Some(temperature) = self.temperature {
                endpoint = endpoint.at_temperature(temperature);
            }
            return Ok(Arc::new(endpoint));
        }
        let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let folder = self.model.as_deref().map(expand_home);
        let mut model = local_model(folder.as_deref(), shipped, at_once.unwrap_or_else(cores))?;
        if let Some(folder) = &self.adapter {
            model = model.with_adapter(adapter(&expand_home(folder))?);
        }
        if let Some(temperature) = self.temperature {
            model = model.at_temperature(temperature);
        }
        Ok(Arc::new(model))
    }
}

/// The model in this folder, or the shipped one, which is then written into `shipped`.
pub(crate) fn local_model(
    folder: Option<&Path>,
    shipped: &Path,
    at_once: usize,
) -> miette::Result<LocalModel> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => up::unpack_base_model(shipped).wrap_err("the shipped model cannot be written out")?,
    };
    let base = BaseModel::load(&folder)
        .into_diagnostic()
        .wrap_err_with(|| format!("the model in {} cannot be loaded", folder.display()))?;
    Ok(LocalModel::new(base, at_once))
}

/// The adapter in this folder.
pub(crate) fn adapter(folder: &Path) -> miette::Result<Adapter> {
    Adapter::load_peft(folder)
        .into_diagnostic()
        .wrap_err_with(|| format!("the adapter in {} cannot be loaded", folder.display()))
}

/// The questions of this file, or the shipped ones.
pub(crate) fn questions(file: Option<&Path>) -> miette::Result<Templates> {
    match file {
        Some(file) => Templates::read(file),
        None => Templates::parse(QUESTIONS, Path::new("questions.txt")),
    }
    .into_diagnostic()
    .wrap_err("the questions cannot be read")
}

fn key_in(variable: &str) -> miette::Result<SecretString> {
    let key = std::env::var(variable).ok().filter(|key| !key.trim().is_empty());
    key.map(|key| key.trim().to_owned().into()).ok_or_else(|| {
        miette!(
            help = "put the key into it, or leave --endpoint-key-env out if the API wants none",
            "the environment variable {variable} holds no key"
        )
    })
}

pub(crate) fn api(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|_| "it is no address".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("it must begin with http:// or https:// and a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a key does not belong into the address: see --endpoint-key-env".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it must end with the API's path, such as /v1".to_owned());
    }
    Ok(url)
}

fn is_on_this_machine(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse();
        host == "localhost" || address.is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    })
}

fn temperature(text: &str) -> Result<f64, String> {
    let parsed = text.parse().ok();
    parsed
        .filter(|temperature: &f64| temperature.is_finite() && *temperature >= 0.0)
        .ok_or_else(|| "it must be a number, 0 or more".to_owned())
}
