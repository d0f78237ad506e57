//! Yuma Consensus as a pure function, bit for bit the chain's.
