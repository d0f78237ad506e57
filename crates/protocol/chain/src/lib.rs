#![doc = include_str!("../README.md")]

mod account;
mod account_queue;
mod axon;
mod block_body;
mod block_contents;
mod block_stream;
mod call;
mod calls;
mod client;
mod commitment;
mod connection;
mod decoded;
mod decoded_transaction;
mod dispatch_failure;
mod endpoint;
mod endpoints;
mod error;
mod event;
mod explanation;
#[cfg(fuzzing)]
pub mod fuzzing;
mod identity;
mod json;
mod metagraph;
mod options;
mod payment;
mod pool_rejection;
mod reads;
mod receipt;
mod retry;
mod runtime;
mod setting;
mod shape;
mod shared;
mod shared_reads;
mod snapshot;
mod submission;
mod subnet;
mod tracking;
mod units;
mod weight_commit;
mod weights;

pub use account::{AccountRoles, Balance, Existence, HotkeyPlace, StakePosition};
pub use assay_keys::{AccountId, Pair};
pub use axon::{AxonAnnouncement, PublishedAxon};
pub use block_contents::{BlockContents, ExtrinsicRecord, HookEvent, HookPhase, MOST_EVENTS, Signed};
pub use block_stream::BlockStream;
pub use call::Call;
pub use calls::{Child, Fill, StakePlace};
pub use client::ChainClient;
pub use commitment::{
    BIG_RAW_BYTES, BYTES_PER_EPOCH, Commitment, CommitmentError, CommitmentField, LEAST_COST_BYTES,
    RAW_BYTES, check_text as check_commitment, cost_bytes as commitment_cost,
};
pub use decoded::{CutBytes, Decoded, DecodedCall, DecodedEvent, DecodedField};
pub use decoded_transaction::DecodedTransaction;
pub use dispatch_failure::{DispatchFailure, GeneralFailure};
pub use endpoint::{Endpoint, EndpointError, Reach};
pub use endpoints::{EndpointHealth, EndpointState, Endpoints};
pub use error::{ChainError, NotIncluded, PendingStage, TransportError};
pub use event::ChainEvent;
pub use explanation::{Explanation, explain, explain_in, explanations};
pub use identity::{Identity, SubnetIdentity};
pub use json::ArgumentError;
pub use metagraph::{Metagraph, Neuron, StoredBonds, StoredWeights};
pub use options::{Budget, ConnectOptions};
pub use payment::{
    LONGEST_SEARCH, ParsePaymentIdError, Payment, PaymentId, PaymentRefusal, PaymentTerms, TransactionRef,
};
pub use pool_rejection::{PoolCheck, PoolRejection};
pub use reads::{
    BuyQuote, EpochForecast, SellQuote,
    by_name::StorageEntry,
    delegation::{Proxies, ProxyDelegate},
};
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
pub use weight_commit::{
    CiphertextDigest, CommitFate, HashCommit, HashedWeights, LONGEST_CIPHERTEXT, QueuedCommit, RevealPlan,
    SCHEME_VERSION, TimelockedCommit, TimelockedWeights, WeightCommitError, weight_commit_hash,
};
pub use weights::{WeightRow, WeightsError, Zeros, max_upscale};
