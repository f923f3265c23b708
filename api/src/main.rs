//! The program `allhours`: reads the command line and does what it says.

use std::process::ExitCode;

use allhours_api::{cli::Cli, commands};
use clap::Parser;

fn main() -> ExitCode {
    commands::run(Cli::parse())
}
