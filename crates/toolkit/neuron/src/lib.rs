//! The life of a miner or validator: registration, metagraph cache, score book, weight setter, supervisor.
