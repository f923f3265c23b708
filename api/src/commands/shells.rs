//! What the command line says of itself: completions for shells, manual pages.

use std::{fs, path::Path};

use clap::CommandFactory;
use serde_json::json;

use super::{Failure, Said, print};
use crate::cli::Cli;

/// `allhours completions`.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<Said, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "allhours", &mut script);
    print(&script)?;
    Ok(Said::nothing())
}

/// `allhours man`.
pub(super) fn manual(folder: Option<&Path>) -> Result<Said, Failure> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        print(&page)?;
        return Ok(Said::nothing());
    };
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)?;
    let text = format!("The manual pages are in {}.", folder.display());
    Said::new(text, &json!({"folder": folder}))
}
