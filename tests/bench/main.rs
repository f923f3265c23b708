//! Benchmarks: each figure beside its limit or peer, measured in the same run.
//!
//! `bench [NAME...]` runs those named, or all. Read `figures` (what is reported), `pgbench` (the
//! peer of the appends), `bare_index` (the peer of the search) and `load` (the load generator),
//! then one benchmark.
#![expect(clippy::panic, reason = "a benchmark that can't go on should stop and say why")]

mod append;
mod bare_index;
mod desk;
mod figures;
mod history;
mod load;
mod pgbench;
mod place;
mod rebuild;
mod served;
mod sla;
mod startup;
mod tailing;

use figures::Figure;

/// How long each cell runs, in seconds, where `BENCH_SECONDS` does not say otherwise.
const SECONDS: u64 = 10;

const BENCHMARKS: &[&str] = &["append", "tailing", "desk", "rebuild", "sla"];

#[tokio::main]
async fn main() {
    // The HTTP client wants one even where nothing is encrypted.
    rustls::crypto::ring::default_provider().install_default().ok();
    let named: Vec<String> = std::env::args().skip(1).collect();
    if let [what, folder, seconds] = named.as_slice()
        && what == "writer"
    {
        let seconds = seconds.parse().expect("a number of seconds");
        return tailing::writer(folder.as_ref(), seconds).await;
    }
    if let Some(unknown) = named.iter().find(|name| !BENCHMARKS.contains(&name.as_str())) {
        panic!("no benchmark `{unknown}`; there are {}", BENCHMARKS.join(", "));
    }
    let seconds = std::env::var("BENCH_SECONDS").ok().and_then(|it| it.parse().ok());
    let mut figures: Vec<Figure> = Vec::new();
    for name in BENCHMARKS {
        if named.is_empty() || named.iter().any(|it| it == name) {
            figures.extend(benchmark(name, seconds.unwrap_or(SECONDS)).await);
        }
    }
    figures::print(&figures);
}

async fn benchmark(name: &str, seconds: u64) -> Vec<Figure> {
    match name {
        "append" => append::run(seconds).await,
        "tailing" => tailing::run(seconds * 6).await,
        "desk" => desk::run(seconds).await,
        "rebuild" => rebuild::run().await,
        "sla" => sla::run(seconds),
        _ => panic!("`{name}` is listed but not there"),
    }
}
