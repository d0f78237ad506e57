#![doc = include_str!("../README.md")]

mod access;
mod atomic_file;
pub mod diagnosis;
pub mod doctor;
mod file_lock;
mod metagraph_cache;
mod moving_average;
mod own_axon;
pub mod preflight;
pub mod records;
pub mod registration;
pub mod runtime;
mod score_book;
mod selection;
mod serving;
mod shutdown;
mod supervisor;
mod watchdog;
mod weight_history;
pub mod weight_processing;
mod weight_schedule;
mod weight_setter;

pub use access::{AccessRules, Callers, Denied, MetagraphAccess};
pub use atomic_file::replace as replace_file;
pub use diagnosis::{Circumstances, Diagnosis, Finding, Subject, Verdict, diagnose};
pub use metagraph_cache::{CacheEnded, MetagraphCache, MetagraphReader};
pub use moving_average::{MovingAverage, NoAverage};
pub use own_axon::own_axon;
pub use preflight::Refusal;
pub use records::{ChainRecords, NeuronRecords, Recorder};
pub use registration::{NotRegistered, Registered, StakeCheck};
pub use runtime::{
    AxonPlace, Context, Miner, MinerReply, NeuronConfig, NeuronError, Pace, Validator, WeightSettings,
};
pub use score_book::{Alignment, SCHEMA as SCORE_BOOK_SCHEMA, Score, ScoreBook, ScoreBookError};
pub use selection::{Chosen, NobodyToAsk, Preference, Repeats, SelectionRules, Shortfall, select};
pub use serving::{
    AxonPublisher, AxonStanding, NotReached, Probe, Publication, ServingError, WhenNotReached,
    check_address as check_axon_address, compare as compare_axon,
};
pub use shutdown::Shutdown;
pub use supervisor::{Exit, RestartPolicy, STUCK, Supervisor, TaskFailure, TaskHandle};
pub use weight_history::{
    Attempt, AttemptEntry, AttemptStage, AttemptStart, HistoryError, SCHEMA as WEIGHT_HISTORY_SCHEMA,
    StageRecord, WeightHistory,
};
pub use weight_schedule::WeightSchedule;
pub use weight_setter::{
    AppliedWeights, AttemptStep, PlannedWeights, SentWeights, SetWeightsError, WeightObserver, WeightSetter,
    WeightSetterConfig, WeightsWarning, plan_weights,
};
