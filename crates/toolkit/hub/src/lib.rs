//! Hugging Face hub: a client with a resumable outbox, and an embedded hub server that speaks the same API.
