#![doc = include_str!("../README.md")]

mod assets;
mod drawing;
mod error;
mod explorer;
mod host;
mod live;
mod page;
mod plot;
mod quantity;
mod routes;
mod server;
pub mod state;

pub use error::DashboardError;
pub use explorer::Chain;
pub use server::{Dashboard, DashboardConfig};
