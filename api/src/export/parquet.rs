//! Events as columns. The names, types and order of the columns never change; new ones come last.
//!
//! A file holds the events of a fixed stretch of positions, so that an export that broke off goes
//! on with the first file that is not there: a Parquet file itself can't be gone on with.

use std::{fs::File, path::PathBuf, sync::Arc, vec};

use allhours_domain::ids::{CommandId, CorrelationId, EventId, TenantId};
use allhours_eventstore::{
    canonical::{canonical_bytes, leaf_hash},
    merkle::Hash,
    recorded::{Position, Recorded, StreamId, StreamType},
};
use arrow::{
    array::{
        Array, ArrayRef, AsArray, FixedSizeBinaryBuilder, Int16Builder, Int32Builder, Int64Builder,
        RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
    },
    datatypes::{DataType, Field, Schema, TimeUnit},
    datatypes::{Int16Type, Int32Type, Int64Type, TimestampMicrosecondType},
    error::ArrowError,
};
use parquet::{
    arrow::{
        ArrowWriter,
        arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
    },
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};
use uuid::Uuid;

use super::{ExportError, files::failed};

/// How many events are written at once.
const ROWS: usize = 8_192;

/// The columns.
#[must_use]
pub fn schema() -> Schema {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Schema::new(vec![
        Field::new("position", DataType::Int64, false),
        text("tenant_id", false),
        text("stream_type", false),
        text("stream_id", false),
        Field::new("version", DataType::Int32, false),
        text("event_id", false),
        text("event_type", false),
        Field::new("schema_version", DataType::Int16, false),
        text("command_id", false),
        text("correlation_id", false),
        text("causation_id", true),
        text("actor", false),
        Field::new("occurred_at", instant.clone(), false),
        Field::new("recorded_at", instant, false),
        text("payload", false),
        Field::new("leaf_hash", DataType::FixedSizeBinary(32), false),
        text("traceparent", true),
    ])
}

/// How every file is written.
pub(super) fn properties() -> Result<WriterProperties, ParquetError> {
    Ok(WriterProperties::builder()
        // The program's version stands in the manifest; the bytes don't depend on it.
        .set_created_by("allhours".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .build())
}

/// Writes events into a Parquet file.
pub(super) struct Writer {
    out: ArrowWriter<File>,
    schema: Arc<Schema>,
    waiting: Vec<Recorded>,
}

impl Writer {
    pub(super) fn new(file: File) -> Result<Self, ExportError> {
        let schema = Arc::new(schema());
        let out = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties()?))?;
        Ok(Self { out, schema, waiting: Vec::with_capacity(ROWS) })
    }

    pub(super) fn write(&mut self, event: &Recorded) -> Result<(), ExportError> {
        self.waiting.push(event.clone());
        if self.waiting.len() >= ROWS { self.flush() } else { Ok(()) }
    }

    pub(super) fn close(mut self) -> Result<(), ExportError> {
        self.flush()?;
        self.out.close()?;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        let batch = batch(&self.schema, &self.waiting)
            .map_err(|error| ParquetError::ArrowError(error.to_string()))?;
        self.out.write(&batch)?;
        self.waiting.clear();
        Ok(())
    }
}

fn batch(schema: &Arc<Schema>, events: &[Recorded]) -> Result<RecordBatch, ArrowError> {
    let text = |of: &dyn Fn(&Recorded) -> String| -> ArrayRef {
        let mut column = StringBuilder::new();
        for event in events {
            column.append_value(of(event));
        }
        Arc::new(column.finish())
    };
    let instant = |of: &dyn Fn(&Recorded) -> jiff::Timestamp| -> ArrayRef {
        let mut column = TimestampMicrosecondBuilder::new().with_timezone("UTC");
        for event in events {
            column.append_value(of(event).as_microsecond());
        }
        Arc::new(column.finish())
    };
    let mut position = Int64Builder::new();
    let mut version = Int32Builder::new();
    let mut schema_version = Int16Builder::new();
    let mut causation = StringBuilder::new();
    let mut leaf = FixedSizeBinaryBuilder::new(32);
    let mut trace = StringBuilder::new();
    for event in events {
        position.append_value(event.position);
        version.append_value(event.version);
        schema_version.append_value(event.schema_version);
        causation.append_option(event.causation_id.map(|id| id.to_string()));
        leaf.append_value(event.leaf_hash)?;
        trace.append_option(event.traceparent.map(|it| it.to_string()));
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(position.finish()),
        text(&|event| event.tenant.to_string()),
        text(&|event| event.stream.stream_type.0.to_owned()),
        text(&|event| event.stream.id.to_string()),
        Arc::new(version.finish()),
        text(&|event| event.event_id.to_string()),
        text(&|event| event.name.clone()),
        Arc::new(schema_version.finish()),
        text(&|event| event.command_id.to_string()),
        text(&|event| event.correlation_id.to_string()),
        Arc::new(causation.finish()),
        text(&|event| event.actor.to_string()),
        instant(&|event| event.occurred_at),
        instant(&|event| event.recorded_at),
        text(&|event| event.payload.clone()),
        Arc::new(leaf.finish()),
        Arc::new(trace.finish()),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// The position and leaf hash of each event in these files, the hash made from the columns.
pub(super) struct Rows {
    files: vec::IntoIter<PathBuf>,
    path: PathBuf,
    batches: Option<ParquetRecordBatchReader>,
    read: vec::IntoIter<Option<(Position, Hash)>>,
}

impl Rows {
    pub(super) fn of(files: Vec<PathBuf>) -> Self {
        let (files, read) = (files.into_iter(), Vec::new().into_iter());
        Self { files, path: PathBuf::new(), batches: None, read }
    }

    fn next_row(&mut self) -> Result<Option<(Position, Hash)>, ExportError> {
        loop {
            if let Some(row) = self.read.next() {
                let unreadable = || ExportError::Unreadable(self.path.clone());
                return row.map(Some).ok_or_else(unreadable);
            }
            let batch = self.batches.as_mut().and_then(Iterator::next).transpose();
            let batch = batch.map_err(|_| ExportError::Unreadable(self.path.clone()))?;
            if let Some(batch) = batch {
                let rows: Vec<_> = (0..batch.num_rows()).map(|row| row_of(&batch, row)).collect();
                self.read = rows.into_iter();
                continue;
            }
            let Some(path) = self.files.next() else { return Ok(None) };
            let file = File::open(&path).map_err(failed(&path))?;
            let reader = ParquetRecordBatchReaderBuilder::try_new(file)
                .and_then(ParquetRecordBatchReaderBuilder::build);
            self.batches = Some(reader.map_err(|_| ExportError::Unreadable(path.clone()))?);
            self.path = path;
        }
    }
}

impl Iterator for Rows {
    type Item = Result<(Position, Hash), ExportError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_row().transpose()
    }
}

/// The position and leaf hash of a row; `None` where the columns are no event, or not the one
/// that their leaf hash names.
fn row_of(batch: &RecordBatch, row: usize) -> Option<(Position, Hash)> {
    let column = |name: &str| batch.column_by_name(name);
    let text = |name: &str| Some(column(name)?.as_string_opt::<i32>()?.value(row));
    let id = |name: &str| Uuid::parse_str(text(name)?).ok();
    let instant = |name: &str| {
        let at = column(name)?.as_primitive_opt::<TimestampMicrosecondType>()?.value(row);
        jiff::Timestamp::from_microsecond(at).ok()
    };
    let optional = |name: &str| {
        let texts = column(name)?.as_string_opt::<i32>()?;
        Some(texts.is_valid(row).then(|| texts.value(row)))
    };
    // Files that were written before there were traces have no such column.
    let trace = if column("traceparent").is_some() { optional("traceparent")? } else { None };
    let stream_type = StreamType::parse(text("stream_type")?)?;
    let stored = column("leaf_hash")?.as_fixed_size_binary_opt()?.value(row);
    let event = Recorded {
        position: column("position")?.as_primitive_opt::<Int64Type>()?.value(row),
        tenant: TenantId(id("tenant_id")?),
        stream: StreamId { stream_type, id: id("stream_id")? },
        version: column("version")?.as_primitive_opt::<Int32Type>()?.value(row),
        event_id: EventId(id("event_id")?),
        name: text("event_type")?.to_owned(),
        schema_version: column("schema_version")?.as_primitive_opt::<Int16Type>()?.value(row),
        command_id: CommandId(id("command_id")?),
        correlation_id: CorrelationId(id("correlation_id")?),
        causation_id: optional("causation_id")?.map(Uuid::parse_str).transpose().ok()?.map(EventId),
        traceparent: trace.map(str::parse).transpose().ok()?,
        actor: text("actor")?.parse().ok()?,
        occurred_at: instant("occurred_at")?,
        recorded_at: instant("recorded_at")?,
        payload: text("payload")?.to_owned(),
        leaf_hash: stored.try_into().ok()?,
    };
    let leaf = leaf_hash(&canonical_bytes(&event).ok()?);
    (leaf == event.leaf_hash).then_some((event.position, leaf))
}
