//! What a benchmark reports: a figure, its limit or peer from the same run, and the goal.

use std::time::Duration;

use hdrhistogram::Histogram;

/// One row of the table.
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// What we saw, with its unit.
    pub ours: String,
    /// The limit or peer in the same run, with its unit; empty where there is none.
    pub peer: String,
    /// Ours over the peer's, where both are numbers of one unit.
    pub ratio: Option<f64>,
    /// What the project wants.
    pub goal: &'static str,
    /// Whether the goal was met in this run.
    pub met: bool,
}

/// Prints the rows as a Markdown table.
#[expect(clippy::print_stdout, reason = "the table is what a benchmark is run for")]
pub fn print(figures: &[Figure]) {
    println!("| what | measured | limit or peer, same run | ratio | goal | met |");
    println!("|---|---|---|---|---|---|");
    for figure in figures {
        let ratio = figure.ratio.map(|it| format!("{it:.2}")).unwrap_or_default();
        let met = match (figure.goal, figure.met) {
            ("", _) => "",
            (_, true) => "yes",
            (_, false) => "no",
        };
        println!(
            "| {} | {} | {} | {ratio} | {} | {met} |",
            figure.what, figure.ours, figure.peer, figure.goal
        );
    }
}

/// Latencies in microseconds, up to a minute.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(60_000_000, 3).expect("the bounds are constants")
}

/// Adds one latency.
pub fn record(histogram: &mut Histogram<u64>, latency: Duration) {
    let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    histogram.saturating_record(us);
}

/// A quantile in milliseconds.
#[expect(clippy::cast_precision_loss, reason = "microseconds below a minute fit")]
pub fn quantile_ms(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1_000.0
}
