//! What the machine and this program use.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A graphics processor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gpu {
    /// Its name.
    pub name: String,
    /// Load, 0 to 100.
    pub percent: Option<f64>,
    /// Its memory in use.
    pub memory_used_bytes: Option<u64>,
    /// Its memory.
    pub memory_total_bytes: Option<u64>,
    /// Its temperature in degrees Celsius.
    pub celsius: Option<f64>,
}

/// What the machine and this program use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hardware {
    /// Load of all processors together, 0 to 100.
    pub cpu_percent: Option<f64>,
    /// Processors.
    pub cpus: u32,
    /// Memory in use.
    pub memory_used_bytes: Option<u64>,
    /// Memory there is.
    pub memory_total_bytes: Option<u64>,
    /// Room on the disk of this program's home.
    pub disk_free_bytes: Option<u64>,
    /// Resident memory of this program.
    pub process_memory_bytes: Option<u64>,
    /// What this program uses of one processor; 200 is two.
    pub process_cpu_percent: Option<f64>,
    /// Files and sockets that this program has open.
    pub open_files: Option<u32>,
    /// Graphics processors, where there are any.
    pub gpus: Vec<Gpu>,
}

impl Stream for Hardware {
    const NAME: &'static str = "hardware";
    const VERSION: u32 = 1;
}
