//! The program `allhours`: reads the command line and does what it says.

use std::process::ExitCode;

use allhours_api::commands;
use mimalloc::MiMalloc;

/// Requests take and give back much memory in small pieces, on all threads at once.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    commands::run()
}
