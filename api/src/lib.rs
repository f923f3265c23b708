//! The program: what stands around the rules and the log.
//!
//! Read [`desk`] (how a command is carried out), then [`graphql`] (how it is asked for), then
//! [`config`] (what can be set). [`clock`] is the only place where time and chance come in.

pub mod auth;
pub mod causes;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod counted;
pub mod demo;
pub mod desk;
pub mod export;
pub mod graphql;
pub mod holder;
pub mod http;
pub mod import;
pub mod keyfile;
pub mod limits;
pub mod program;
pub mod progress;
pub mod reactions;
pub mod replay;
pub mod server;
pub mod telemetry;
pub mod tenant;
