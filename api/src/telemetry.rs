//! Logs, traces and metrics of the program. No personal data, no secrets: spans carry ids.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::ParseError, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::{
    auth::Refused,
    config::{LogFormat, Telemetry},
    http::{places::Full, websocket::CLOSE_CODES},
};

/// The bounds of duration histograms, in seconds.
const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What others log of what we log ourselves; a filter that names them shows them all the same.
const SAID_TWICE: &str = "refinery_core=warn";

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not read.
    #[error("setting `telemetry.log_filter`: {0}")]
    Filter(#[from] ParseError),
    /// Traces can't be sent there.
    #[error("setting `telemetry.otlp_endpoint`: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// The metrics recorder can't be made.
    #[error("metrics can't be recorded: {0}")]
    Metrics(#[from] BuildError),
}

/// Keeps traces flowing; sends the last ones when it is dropped.
#[derive(Debug)]
pub struct Traces(Option<SdkTracerProvider>);

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(provider) = &self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// Begins to log and trace; everything goes to stderr, so that stdout stays for answers.
///
/// # Errors
///
/// The filter or the endpoint is wrong.
pub fn begin(settings: &Telemetry) -> Result<Traces, TelemetryError> {
    let filter = EnvFilter::try_new(format!("{SAID_TWICE},{}", settings.log_filter))?;
    // The exporter of traces wants it chosen, also where it speaks in the clear.
    crate::config::install_tls();
    let provider = provider(&settings.otlp_endpoint)?;
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match settings.log_format {
        LogFormat::Json => Box::new(
            tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_writer(std::io::stderr),
        ),
        LogFormat::Pretty => {
            let layer = tracing_subscriber::fmt::layer().compact();
            let colours = std::io::stderr().is_terminal();
            Box::new(layer.with_ansi(colours).with_writer(std::io::stderr))
        }
    };
    let spans = provider
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("allhours")));
    let registry = tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans);
    // Where a test has begun already, that one stays.
    registry.try_init().ok();
    Ok(Traces(provider))
}

fn provider(endpoint: &str) -> Result<Option<SdkTracerProvider>, TelemetryError> {
    if endpoint.is_empty() {
        return Ok(None);
    }
    let exporter =
        opentelemetry_otlp::SpanExporter::builder().with_http().with_endpoint(endpoint).build()?;
    let resource = Resource::builder().with_service_name("allhours").build();
    let builder = SdkTracerProvider::builder().with_batch_exporter(exporter);
    Ok(Some(builder.with_resource(resource).build()))
}

/// Begins to count; what `/metrics` shows is asked of the handle.
///
/// # Errors
///
/// The recorder can't be made.
pub fn count() -> Result<PrometheusHandle, TelemetryError> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let recorder =
        PrometheusBuilder::new().set_buckets_for_metric(seconds, SECONDS)?.build_recorder();
    let handle = recorder.handle();
    // Where a test has installed one already, that one counts.
    metrics::set_global_recorder(recorder).ok();
    describe();
    begin_at_zero();
    Ok(handle)
}

/// Counters are there from the start, at zero: an alert on one that rises must not miss its first
/// step. The log begins its own, and so do the projections and the search index.
fn begin_at_zero() {
    use metrics::{counter, gauge};
    gauge!("allhours_websockets_open").set(0.0);
    for reason in Refused::COUNTED {
        counter!("allhours_auth_refused_total", "reason" => format!("{reason:?}")).increment(0);
    }
    for limit in Full::ALL {
        counter!("allhours_connections_refused_total", "limit" => limit.limit()).increment(0);
    }
    for code in CLOSE_CODES {
        counter!("allhours_websockets_closed_total", "code" => code.to_string()).increment(0);
    }
    counter!("allhours_connections_given_up_total").increment(0);
    counter!("allhours_parked_discarded_total").increment(0);
    counter!("allhours_snoozes_woken_total").increment(0);
    counter!("allhours_conversations_unattended_total").increment(0);
}

fn describe() {
    use metrics::Unit::Seconds;
    metrics::describe_histogram!(
        "http_server_request_duration_seconds",
        Seconds,
        "From a request's arrival to its answer's headers"
    );
    metrics::describe_histogram!(
        "graphql_operation_duration_seconds",
        Seconds,
        "Execution of one document"
    );
    metrics::describe_gauge!(
        "allhours_projection_parked_events",
        "Events a projection went on without"
    );
    metrics::describe_gauge!("allhours_websockets_open", "Open WebSockets");
    metrics::describe_counter!(
        "allhours_websockets_closed_total",
        "WebSockets closed by us, by code"
    );
    metrics::describe_counter!("allhours_auth_refused_total", "Refused tokens, by reason");
    metrics::describe_counter!(
        "allhours_connections_refused_total",
        "Sockets and streams that found no place, by limit"
    );
}
