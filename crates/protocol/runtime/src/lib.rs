//! The devnet's runtime: native FRAME, the subnet part of Subtensor under its real names.
