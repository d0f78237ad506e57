//! The node around the devnet's runtime: blocks, pool, state and history, and the JSON-RPC of a Substrate node.
