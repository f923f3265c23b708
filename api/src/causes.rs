//! An error and all that it came from, in one line.

use std::{error::Error, fmt::Write as _};

/// What went wrong, from the outside inwards.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut what = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Some errors say what their cause says.
        if !what.contains(&cause.to_string()) {
            write!(what, ": {cause}").ok();
        }
        source = cause.source();
    }
    what
}
