//! The web pages, server-rendered, and the JSON API behind them.
