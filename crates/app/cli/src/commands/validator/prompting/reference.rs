//! What a validator answers questions with itself, to hold miners' answers against.

use crate::commands::chat::{MindArgs, api};
use reqwest::Url;
use std::path::PathBuf;

/// Where references come from.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "References, with --reference-weight")]
pub(super) struct ReferenceArgs {
    /// Folder of a Qwen2 model in the Hugging Face layout [default: the small one that is shipped]
    #[arg(long, value_name = "DIR", conflicts_with = "reference_endpoint")]
    reference_model: Option<PathBuf>,
    /// A model behind an API like OpenAI's instead, such as http://127.0.0.1:8000/v1
    #[arg(long, value_name = "URL", value_parser = api, requires = "reference_endpoint_model")]
    reference_endpoint: Option<Url>,
    /// The name of the model there
    #[arg(long, value_name = "NAME", requires = "reference_endpoint")]
    reference_endpoint_model: Option<String>,
    /// The environment variable that holds the API's key
    #[arg(long, value_name = "VAR", requires = "reference_endpoint")]
    reference_key_env: Option<String>,
}

impl ReferenceArgs {
    /// The same as what any mind is made of.
    pub(super) fn mind(&self) -> MindArgs {
        MindArgs {
            model: self.reference_model.clone(),
            endpoint: self.reference_endpoint.clone(),
            endpoint_model: self.reference_endpoint_model.clone(),
            endpoint_key_env: self.reference_key_env.clone(),
            ..MindArgs::default()
        }
    }
}
