//! What a model may be asked, in the words of models: small ports and local implementations.
//!
//! Nothing of the desk is known here. An answer is a suggestion with a confidence and the
//! name of the model; it enters the log only when a command carries it. Read [`language`].

pub mod language;
