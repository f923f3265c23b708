//! What metrics say of a projection.

use allhours_eventstore::recorded::Position;
use tokio::time::Instant;

/// Counts nothing yet: an alert on a counter that rises must not miss its first step.
pub(super) fn begin(projection: &'static str) {
    let labels = [("projection", projection)];
    metrics::counter!("allhours_projection_events_total", &labels).increment(0);
    metrics::counter!("allhours_projection_failures_total", &labels).increment(0);
}

/// A move from one position to another, with the log's end at `head`.
pub(super) struct Moved {
    pub(super) from: Position,
    pub(super) to: Position,
    pub(super) head: Position,
}

impl Moved {
    /// Counts it; `age_seconds` is how old its last event was when it was committed, if it was.
    pub(super) fn measure(
        &self,
        projection: &'static str,
        age_seconds: Option<f64>,
        started: Instant,
    ) {
        let labels = [("projection", projection)];
        #[expect(clippy::cast_precision_loss, reason = "a gauge; positions stay below 2^52")]
        metrics::gauge!("allhours_projection_lag_events", &labels)
            .set((self.head - self.to).max(0) as f64);
        if let Some(age_seconds) = age_seconds {
            metrics::gauge!("allhours_projection_lag_seconds", &labels).set(age_seconds.max(0.0));
        }
        metrics::counter!("allhours_projection_events_total", &labels)
            .increment((self.to - self.from).max(0).unsigned_abs());
        metrics::histogram!("allhours_projection_batch_seconds", &labels)
            .record(started.elapsed().as_secs_f64());
    }
}
