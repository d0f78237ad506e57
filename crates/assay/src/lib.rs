#![doc = include_str!("../README.md")]

pub use assay_axon as axon;
pub use assay_chain as chain;
#[cfg(feature = "organic")]
pub use assay_gateway as gateway;
#[cfg(feature = "hub")]
pub use assay_hub as hub;
pub use assay_keys as keys;
#[cfg(feature = "localnet")]
pub use assay_localnet as localnet;
#[cfg(feature = "models")]
pub use assay_models as models;
pub use assay_neuron as neuron;
#[cfg(feature = "organic")]
pub use assay_organic as organic;
pub use assay_records as records;
pub use assay_yuma as yuma;

/// What a subnet of one file needs: its synapse, its miner's route, its validator's scorer.
pub mod prelude {
    pub use assay_axon::{
        Outcome,
        server::{Asked, Failure, Route, Synapse},
        synapse::{Field, FieldType, PythonValue},
    };
    #[cfg(feature = "localnet")]
    pub use assay_localnet::{Part, Rehearsal, RehearsalError, ScorerError};
    pub use assay_neuron::{Context, Miner, NeuronConfig, Validator};
}
