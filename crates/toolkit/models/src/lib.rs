//! Causal language models and a LoRA trainer on candle.
