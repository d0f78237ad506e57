//! The Subtensor client: metagraph snapshots, staged receipts, weights, commitments and payments.
