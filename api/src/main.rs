//! The program `allhours`: reads the command line and does what it says.

use std::process::ExitCode;

use allhours_api::{cli::Cli, commands};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(commands::run(cli)),
        // Without threads there is nobody to say why to.
        Err(_) => ExitCode::FAILURE,
    }
}
