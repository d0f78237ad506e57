//! bittensor 11.3 and btcli 11.3, unmodified, live on the devnet; what they see is compared with what this client reads
//! at the same block.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod command_line;
mod older_sdk;
mod served;
mod subnet_life;
