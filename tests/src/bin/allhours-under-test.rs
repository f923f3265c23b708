//! The program itself, built with the tests, so that a test can kill it as a process.

use std::process::ExitCode;

use allhours_api::{cli::Cli, commands};
use clap::Parser;

fn main() -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(commands::run(Cli::parse())),
        Err(_) => ExitCode::FAILURE,
    }
}
