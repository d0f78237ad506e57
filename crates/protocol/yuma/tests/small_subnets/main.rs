//! Subnets small enough to know every number that they must give.

mod known_results;
mod row_order;
mod subnet;
