//! How chats are scored: a file, and flags over it.

use crate::commands::chat;
use assay_chat::{ChatSample, ChatValidator};
use assay_organic::{OrganicConfig, synth::Datasets};
use miette::{IntoDiagnostic, WrapErr, miette};
use std::path::PathBuf;

/// How chats are scored. A flag counts more than the file, the file more than the default.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Scoring")]
pub(super) struct ScoringArgs {
    /// Questions for when nobody asks, a file of templates [default: the shipped ones]
    #[arg(long, value_name = "FILE")]
    questions: Option<PathBuf>,
    /// Settings of organic scoring, a TOML file
    #[arg(long, value_name = "FILE")]
    organic: Option<PathBuf>,
    /// Seconds between two samples while nobody waits for scoring
    #[arg(long, value_name = "SECONDS")]
    trigger_frequency: Option<f64>,
    /// The fewest seconds between two samples, however many wait
    #[arg(long, value_name = "SECONDS")]
    trigger_frequency_min: Option<f64>,
    /// How many waiting samples make it one second less
    #[arg(long, value_name = "N")]
    trigger_scaling_factor: Option<f64>,
    /// Miners that a question of the validator's own is sent to
    #[arg(long, value_name = "N")]
    sample_size: Option<usize>,
    /// Seconds that miners have to answer it
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
    /// What rewards of the validator's own questions are multiplied with
    #[arg(long, value_name = "SCALE")]
    synth_reward_scale: Option<f64>,
}

impl ScoringArgs {
    /// The settings. What cannot be is refused when the validator starts.
    pub(super) fn config(&self) -> miette::Result<OrganicConfig> {
        let mut config = match &self.organic {
            None => ChatValidator::usual_organic(),
            Some(file) => {
                let text = fs_err::read_to_string(file).into_diagnostic()?;
                toml::from_str(&text).map_err(|error| {
                    miette!(
                        help = "it holds the settings themselves, `trigger_frequency = 15.0` for instance, without a table around them",
                        "{} does not hold settings of organic scoring: {error}",
                        file.display()
                    )
                })?
            }
        };
        fn set<T: Copy>(setting: &mut T, flag: Option<T>) {
            *setting = flag.unwrap_or(*setting);
        }
        set(&mut config.trigger_frequency, self.trigger_frequency);
        set(&mut config.trigger_frequency_min, self.trigger_frequency_min);
        set(&mut config.trigger_scaling_factor, self.trigger_scaling_factor);
        set(&mut config.sample_size, self.sample_size);
        set(&mut config.timeout, self.timeout);
        set(&mut config.synth_reward_scale, self.synth_reward_scale);
        Ok(config)
    }

    /// What is asked when nobody asks: what the settings name, and the file of questions; the shipped ones where there is
    /// neither.
    pub(super) fn questions(&self, config: &OrganicConfig) -> miette::Result<Datasets<ChatSample>> {
        let named = Datasets::from_config(config)
            .into_diagnostic()
            .wrap_err("the datasets that --organic names cannot be used")?;
        let own = self.questions.as_deref();
        match (named, own) {
            (Some(named), None) => Ok(named),
            (Some(named), own) => named.and(chat::questions(own)?, 1.0).into_diagnostic(),
            (None, own) => Ok(Datasets::one(chat::questions(own)?)),
        }
    }
}
