//! Progress of long work: on stderr, and only where somebody looks at a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::import::Progress;

/// How often what is shown is drawn anew.
const REDRAWN_EVERY: Duration = Duration::from_millis(100);

/// A bar that counts up to `total` of `what`.
#[must_use]
pub fn bar(total: u64, what: &'static str) -> ProgressBar {
    styled(total, "{pos}/{len} ", what)
}

/// A count of `what` whose end nobody knows.
#[must_use]
pub fn count(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::no_length().with_message(what);
    match ProgressStyle::with_template("{spinner} {pos} {msg} {elapsed}") {
        Ok(style) => shown(bar.with_style(style)),
        Err(_) => shown(bar),
    }
}

/// A bar that counts bytes up to `total`.
#[must_use]
pub fn bytes(total: u64, what: &'static str) -> ProgressBar {
    styled(total, "{bytes}/{total_bytes} ", what)
}

fn styled(total: u64, figures: &str, what: &'static str) -> ProgressBar {
    // The bar draws to stderr, and hides itself where that is no terminal.
    let bar = ProgressBar::new(total).with_message(what);
    let template = format!("{{wide_bar}} {figures}{{msg}} {{elapsed}} (eta {{eta}})");
    match ProgressStyle::with_template(&template) {
        Ok(style) => shown(bar.with_style(style)),
        Err(_) => shown(bar),
    }
}

/// Drawn at once, and again while nothing is counted: what is short is over before its first step
/// would show, and what is slow must not look dead.
fn shown(bar: ProgressBar) -> ProgressBar {
    bar.tick();
    bar.enable_steady_tick(REDRAWN_EVERY);
    bar
}

impl Progress for ProgressBar {
    fn advance(&self, bytes: u64) {
        self.inc(bytes);
    }
}
