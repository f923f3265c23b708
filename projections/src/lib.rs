//! Folds of the log: disposable, rebuilt at any time, never a source of truth.

pub mod search;
