//! The constants of a validator: a profile, a file over it, and flags over both. The flags of the originals are known too.

use crate::hinted::coded;
use assay_prompting::{
    Profile, Settings,
    scoring::combine::{Mask, Reward},
};
use miette::{IntoDiagnostic, WrapErr, miette};
use std::{path::PathBuf, time::Duration};

/// The constants. A flag counts more than the file, the file more than the profile.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingsArgs {
    /// The generation of the original whose constants are taken: seed, stack or tasks; with -exact its weaknesses are kept
    #[arg(long, value_name = "NAME", default_value = "seed")]
    profile: Profile,
    /// Settings over the profile's, a JSON file; `assay config prompting PROFILE` prints them all
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Miners that are asked for a summary or a question
    #[arg(long, value_name = "N", alias = "neuron.followup_sample_size")]
    followup_sample_size: Option<usize>,
    /// Seconds that they have
    #[arg(long, value_name = "SECONDS", alias = "neuron.followup_timeout", value_parser = seconds)]
    followup_timeout: Option<Duration>,
    /// Miners that are asked for an answer
    #[arg(long, value_name = "N", alias = "neuron.answer_sample_size")]
    answer_sample_size: Option<usize>,
    /// Seconds that they have
    #[arg(long, value_name = "SECONDS", alias = "neuron.answer_timeout", value_parser = seconds)]
    answer_timeout: Option<Duration>,
    /// Have miners mark each other's answers, for the records only: the stream prompting_marks
    #[arg(long, alias = "neuron.outsource_scoring")]
    outsource_scoring: bool,
    /// Miners that mark each answer
    #[arg(long, value_name = "N", alias = "neuron.scoring_sample_size")]
    scoring_sample_size: Option<usize>,
    /// Seconds that they have
    #[arg(long, value_name = "SECONDS", alias = "neuron.scoring_timeout", value_parser = seconds)]
    scoring_timeout: Option<Duration>,
    /// Forwards at one time
    #[arg(long, value_name = "N", alias = "neuron.num_concurrent_forwards")]
    concurrent_forwards: Option<usize>,
    /// The share of the newest reward in a score
    #[arg(long, value_name = "SHARE", alias = "neuron.moving_average_alpha")]
    moving_average_alpha: Option<f64>,
    /// TAO of stake above which a neuron with a permit is a validator and not asked
    #[arg(long, value_name = "TAO", alias = "neuron.vpermit_tao_limit")]
    vpermit_tao_limit: Option<f64>,
    /// Blocks between two rows of weights [default: as the chain's epochs have it]
    #[arg(long, value_name = "BLOCKS", alias = "neuron.epoch_length_override")]
    epoch_length: Option<u64>,
    /// Weight of the reward model dpo
    #[arg(long, value_name = "SHARE", alias = "reward.dpo_weight")]
    dpo_weight: Option<f64>,
    /// Weight of the reward model rlhf
    #[arg(long, value_name = "SHARE", alias = "reward.rlhf_weight")]
    rlhf_weight: Option<f64>,
    /// Weight of the reward model reciprocate
    #[arg(long, value_name = "SHARE", alias = "reward.reciprocate_weight")]
    reciprocate_weight: Option<f64>,
    /// Weight of the reward model dahoas
    #[arg(long, value_name = "SHARE", alias = "reward.dahoas_weight")]
    dahoas_weight: Option<f64>,
    /// Weight of the reward model prompt
    #[arg(long, value_name = "SHARE", alias = "reward.prompt_based_weight")]
    prompt_weight: Option<f64>,
    /// Weight of likeness to what the validator itself would answer, with the model of --reference-model or --reference-endpoint
    #[arg(long, value_name = "SHARE")]
    reference_weight: Option<f64>,
    /// How much a summary moves a score, as a multiple
    #[arg(long, value_name = "TIMES")]
    summary_counts: Option<f64>,
    /// The same of a question
    #[arg(long, value_name = "TIMES")]
    question_counts: Option<f64>,
    /// The same of an answer
    #[arg(long, value_name = "TIMES")]
    answer_counts: Option<f64>,
    /// The same of an answer to a person, with --gateway
    #[arg(long, value_name = "TIMES")]
    organic_counts: Option<f64>,
    /// The share of rounds in which miners are also asked to run the model of the folder inference: some of their tokens are
    /// computed again, and whoever is found to have run it is paid by its speed
    #[arg(long, value_name = "SHARE")]
    inference_share: Option<f64>,
    /// Miners that are asked to
    #[arg(long, value_name = "N")]
    inference_sample_size: Option<usize>,
    /// Seconds that they have
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    inference_timeout: Option<Duration>,
    /// How much such a step moves a score, as a multiple
    #[arg(long, value_name = "TIMES")]
    inference_counts: Option<f64>,
    /// Forbid no known phrases
    #[arg(long, alias = "neuron.blacklist_off")]
    blacklist_off: bool,
    /// Forbid nothing that looks like another task
    #[arg(long, alias = "neuron.task_validator_off")]
    task_validator_off: bool,
    /// Forbid nothing that has nothing to do with the question
    #[arg(long, alias = "neuron.relevance_off")]
    relevance_off: bool,
    /// Forbid no repetitions and copies
    #[arg(long, alias = "neuron.diversity_off")]
    diversity_off: bool,
    /// Forbid nothing hateful
    #[arg(long, alias = "neuron.nsfw_off")]
    nsfw_off: bool,
    /// Forbid what is hateful in the profile seed, which has no filter of its own
    #[arg(long, alias = "neuron.nsfw_filter")]
    nsfw_filter: bool,
}

impl SettingsArgs {
    /// The profile.
    pub(super) fn profile(&self) -> Profile {
        self.profile
    }

    /// The settings, checked.
    pub(super) fn settings(&self) -> miette::Result<Settings> {
        let mut settings = match &self.settings {
            None => self.profile.settings(),
            Some(file) => over(self.profile, file)?,
        };
        fn set<T: Clone>(setting: &mut T, flag: &Option<T>) {
            if let Some(value) = flag {
                setting.clone_from(value);
            }
        }
        set(&mut settings.followup_sample_size, &self.followup_sample_size);
        set(&mut settings.followup_timeout, &self.followup_timeout);
        set(&mut settings.answer_sample_size, &self.answer_sample_size);
        set(&mut settings.answer_timeout, &self.answer_timeout);
        let counts = &mut settings.step_weights;
        set(&mut counts.summary, &self.summary_counts);
        set(&mut counts.question, &self.question_counts);
        set(&mut counts.answer, &self.answer_counts);
        set(&mut counts.organic, &self.organic_counts);
        set(&mut counts.inference, &self.inference_counts);
        let inference = &mut settings.inference;
        set(&mut inference.share, &self.inference_share);
        set(&mut inference.sample_size, &self.inference_sample_size);
        set(&mut inference.timeout, &self.inference_timeout);
        settings.outsource_scoring |= self.outsource_scoring;
        set(&mut settings.scoring_sample_size, &self.scoring_sample_size);
        set(&mut settings.scoring_timeout, &self.scoring_timeout);
        set(&mut settings.concurrent_forwards, &self.concurrent_forwards);
        set(&mut settings.moving_average_alpha, &self.moving_average_alpha);
        set(&mut settings.vpermit_tao_limit, &self.vpermit_tao_limit);
        // 0 is the originals' word for the chain's own length.
        match self.epoch_length {
            None => {}
            Some(0) => settings.epoch_length = None,
            Some(length) => settings.epoch_length = Some(length),
        }
        for (reward, weight) in [
            (Reward::Dpo, self.dpo_weight),
            (Reward::Rlhf, self.rlhf_weight),
            (Reward::Reciprocate, self.reciprocate_weight),
            (Reward::Dahoas, self.dahoas_weight),
            (Reward::Prompt, self.prompt_weight),
            (Reward::Reference, self.reference_weight),
        ] {
            let Some(weight) = weight else { continue };
            match settings
                .reward_weights
                .iter_mut()
                .find(|(known, _)| *known == reward)
            {
                Some((_, known)) => *known = weight,
                None => settings.reward_weights.push((reward, weight)),
            }
        }
        if self.nsfw_filter && !settings.masks.contains(&Mask::Nsfw) {
            settings.masks.push(Mask::Nsfw);
        }
        for (mask, is_off) in [
            (Mask::Blacklist, self.blacklist_off),
            (Mask::TaskValidator, self.task_validator_off),
            (Mask::Relevance, self.relevance_off),
            (Mask::Diversity, self.diversity_off),
            (Mask::Nsfw, self.nsfw_off),
        ] {
            if is_off {
                settings.masks_off.insert(mask);
            }
        }
        settings
            .validate()
            .map_err(|error| coded(error, None, super::super::MISCONFIGURED))?;
        Ok(settings)
    }
}

/// The profile's settings with those of a file in their place.
fn over(profile: Profile, file: &PathBuf) -> miette::Result<Settings> {
    let text = fs_err::read_to_string(file).into_diagnostic()?;
    let unusable = || format!("{} does not hold settings of this subnet", file.display());
    let over: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text)
        .into_diagnostic()
        .wrap_err_with(unusable)?;
    let mut all = match serde_json::to_value(profile.settings()).into_diagnostic()? {
        serde_json::Value::Object(all) => all,
        _ => return Err(miette!("settings are an object")),
    };
    for (name, value) in over {
        if all.insert(name.clone(), value).is_none() {
            return Err(miette!(
                help = "`assay config prompting PROFILE` prints all settings with their names",
                "{}: there is no setting {name}",
                file.display()
            ));
        }
    }
    serde_json::from_value(all.into())
        .into_diagnostic()
        .wrap_err_with(unusable)
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "not a number of seconds above 0".to_owned())
}
