//! Key pairs, SS58 addresses, mnemonics, and Bittensor wallet folders and keyfiles.
