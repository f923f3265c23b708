//! What the server says: passed on, and the last of it kept for an error.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Read as _},
    process::ChildStderr,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

/// How many of the server's last lines are kept for an error.
const LINES_KEPT: usize = 20;

/// The last lines that a server said.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(Arc<Mutex<VecDeque<String>>>);

impl Lines {
    /// Passes on what the server says, and remembers the last of it; `stopping` is asked whether
    /// it was told to stop.
    pub(super) fn listen(
        &self,
        stderr: ChildStderr,
        stopping: impl Fn() -> bool + Send + 'static,
    ) -> JoinHandle<()> {
        let kept = self.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stderr);
            let mut line = Vec::new();
            // A line without an end must not fill the memory.
            while reader.by_ref().take(8_192).read_until(b'\n', &mut line).is_ok_and(|it| it > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                line.clear();
                tell(&text, stopping());
                kept.keep(text);
            }
        })
    }

    fn keep(&self, text: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(text);
    }

    /// The last of it, as one text.
    pub(super) fn last(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// What PostgreSQL says of a client that went while it was being answered: every program that
/// ends does so, and nobody has to do anything about it.
const CLIENT_GONE: &str = "FATAL:  connection to client lost";

/// What it says to those who are connected, or come, while it stops: where we stop it, that is how
/// it has to be.
const CLIENTS_SENT_AWAY: [&str; 2] =
    ["due to administrator command", "the database system is shutting down"];

fn tell(text: &str, stopping: bool) {
    if is_worth_a_warning(text, stopping) {
        tracing::warn!(target: "postgres", "{text}");
    } else {
        tracing::debug!(target: "postgres", "{text}");
    }
}

fn is_worth_a_warning(text: &str, stopping: bool) -> bool {
    let levels = ["WARNING:", "ERROR:", "FATAL:", "PANIC:"];
    let expected = text == CLIENT_GONE
        || stopping && CLIENTS_SENT_AWAY.iter().any(|said| text.ends_with(said));
    !expected && levels.iter().any(|level| text.contains(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_sent_away_by_a_stop_of_ours_is_no_warning_and_by_anybody_elses_it_is() {
        let sent_away = "FATAL:  terminating connection due to administrator command";
        assert!(is_worth_a_warning(sent_away, false));
        assert!(!is_worth_a_warning(sent_away, true));
        assert!(!is_worth_a_warning("FATAL:  the database system is shutting down", true));
        assert!(is_worth_a_warning("PANIC:  could not write to file", true));
        assert!(!is_worth_a_warning("LOG:  database system is shut down", false));
    }
}
