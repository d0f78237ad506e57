#![doc = include_str!("../README.md")]

mod assets;
mod drawing;
mod error;
mod explorer;
mod figure;
mod frame;
mod heads;
mod host;
mod live;
mod page;
mod plot;
mod quantity;
mod records;
mod routes;
mod server;
pub mod state;

pub use error::DashboardError;
pub use explorer::Chain;
pub use records::{About, Plotted, Report, in_words, report};
pub use server::{Dashboard, DashboardConfig};
