//! All events of a block, each with its place.

use super::Runtime;
use crate::{ChainEvent, Item, ShapeError};
use subxt::events::Phase;

/// When in its block an event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventPhase {
    /// Before the first transaction.
    Initialization,
    /// While the transaction at this position ran.
    Transaction(u32),
    /// After the last transaction.
    Finalization,
}

/// An event and its place.
#[derive(Clone, Debug)]
pub(crate) struct PlacedEvent {
    /// Its position among the block's events.
    pub(crate) index: u32,
    pub(crate) phase: EventPhase,
    pub(crate) event: ChainEvent,
}

impl Runtime {
    /// The events of a block from the bytes of `System.Events`.
    pub(crate) fn placed_events(&self, bytes: &[u8]) -> Result<Vec<PlacedEvent>, ShapeError> {
        let events = self.client.events().from_bytes(bytes.to_vec());
        let placed = events.iter().zip(0..).map(|(event, index)| {
            let event = event.map_err(|error| self.unknown(Item::storage("System", "Events"), error))?;
            let phase = match event.phase() {
                Phase::Initialization => EventPhase::Initialization,
                Phase::ApplyExtrinsic(position) => EventPhase::Transaction(position),
                Phase::Finalization => EventPhase::Finalization,
            };
            Ok(PlacedEvent {
                index,
                phase,
                event: self.event(&event)?,
            })
        });
        placed.collect()
    }
}
