#![doc = include_str!("../README.md")]

mod error;
mod server;
pub mod state;

pub use error::DashboardError;
pub use server::{Dashboard, DashboardConfig};
