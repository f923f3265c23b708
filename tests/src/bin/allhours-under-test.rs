//! The program itself, built with the tests, so that a test can kill it as a process.

use std::process::ExitCode;

use allhours_api::commands;

fn main() -> ExitCode {
    commands::run()
}
