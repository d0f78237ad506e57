#![doc = include_str!("../README.md")]

mod account;
mod account_queue;
mod axon;
mod block_contents;
mod block_stream;
mod call;
mod calls;
mod client;
mod commitment;
mod connection;
mod decoded;
mod dispatch_failure;
mod endpoint;
mod error;
mod event;
mod explanation;
mod identity;
mod metagraph;
mod options;
mod pool_rejection;
mod reads;
mod receipt;
mod retry;
mod runtime;
mod setting;
mod shape;
mod shared;
mod snapshot;
mod submission;
mod subnet;
mod tracking;
mod units;
mod weights;

pub use account::{AccountRoles, Balance, Existence, HotkeyPlace, StakePosition};
pub use assay_keys::{AccountId, Pair};
pub use axon::{AxonAnnouncement, PublishedAxon};
pub use block_contents::{BlockContents, ExtrinsicRecord, HookEvent, HookPhase, MOST_EVENTS, Signed};
pub use block_stream::BlockStream;
pub use call::Call;
pub use client::ChainClient;
pub use commitment::{
    BIG_RAW_BYTES, BYTES_PER_EPOCH, Commitment, CommitmentError, CommitmentField, LEAST_COST_BYTES,
    RAW_BYTES, check_text as check_commitment, cost_bytes as commitment_cost,
};
pub use decoded::{CutBytes, Decoded, DecodedCall, DecodedEvent, DecodedField};
pub use dispatch_failure::{DispatchFailure, GeneralFailure};
pub use endpoint::{Endpoint, EndpointError, Reach};
pub use error::{ChainError, NotIncluded, PendingStage, TransportError};
pub use event::ChainEvent;
pub use explanation::{Explanation, explain, explain_in, explanations};
pub use identity::{Identity, SubnetIdentity};
pub use metagraph::{Metagraph, Neuron, StoredBonds, StoredWeights};
pub use options::{Budget, ConnectOptions};
pub use pool_rejection::{PoolCheck, PoolRejection};
pub use reads::{BuyQuote, EpochForecast, SellQuote};
pub use receipt::{Included, Receipt, Stage};
pub use retry::Retry;
pub use scale_value;
pub use setting::{SETTINGS, Setting, SettingAuthority, SettingError, SettingUnit, SettingValue};
pub use shape::{Item, Mismatch, ShapeError};
pub use snapshot::Snapshot;
pub use subnet::{
    EpochSchedule, Hyperparameters, Registration, SubnetEmission, SubnetPhase, SubnetSummary,
    WeightSubmission,
};
pub use units::{
    Alpha, Block, BlockHash, BlockRef, ExtrinsicHash, NetUid, ParseAmountError, ParseHashError, Rao,
    UNITS_PER_TOKEN, Uid,
};
pub use weights::{WeightRow, WeightsError, Zeros, max_upscale};
