#![doc = include_str!("../README.md")]

mod account;
mod error;
mod founding;
mod subnet;

pub use account::Account;
pub use error::LocalnetError;
pub use subnet::{LocalChain, LocalSubnet, LocalSubnetConfig};
