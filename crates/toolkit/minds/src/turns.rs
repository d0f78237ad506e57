//! Conversations as synapses carry them: a list of roles and one of messages.

use assay_organic::synth::Turn;

/// Messages of a conversation at most. Longer ones are somebody's attempt to keep a miner busy.
const MOST_MESSAGES: usize = 512;

/// Why two lists are no conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoConversation {
    /// The lists do not belong together.
    #[error("{roles} roles for {messages} messages")]
    Uneven {
        /// Length of the one list.
        roles: usize,
        /// Length of the other.
        messages: usize,
    },
    /// Nothing is said, or too much.
    #[error("a conversation has 1 to {MOST_MESSAGES} messages")]
    Length,
}

/// The conversation of these roles and messages.
///
/// # Errors
/// [`NoConversation`].
pub fn turns(roles: Vec<String>, messages: Vec<String>) -> Result<Vec<Turn>, NoConversation> {
    if roles.len() != messages.len() {
        return Err(NoConversation::Uneven {
            roles: roles.len(),
            messages: messages.len(),
        });
    }
    if messages.is_empty() || messages.len() > MOST_MESSAGES {
        return Err(NoConversation::Length);
    }
    let said = roles.into_iter().zip(messages);
    Ok(said.map(|(role, content)| Turn { role, content }).collect())
}
