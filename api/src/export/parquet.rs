//! Events as columns. The names, types and order of the columns never change; new ones come last.

use std::{fs::File, sync::Arc};

use allhours_eventstore::recorded::Recorded;
use arrow::{
    array::{
        ArrayRef, FixedSizeBinaryBuilder, Int16Builder, Int32Builder, Int64Builder, RecordBatch,
        StringBuilder, TimestampMicrosecondBuilder,
    },
    datatypes::{DataType, Field, Schema, TimeUnit},
    error::ArrowError,
};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};

use super::ExportError;

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
    ])
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
        let properties = WriterProperties::builder()
            // The program's version stands in the manifest; the bytes don't depend on it.
            .set_created_by("allhours".to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .build();
        let out = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?;
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
    for event in events {
        position.append_value(event.position);
        version.append_value(event.version);
        schema_version.append_value(event.schema_version);
        causation.append_option(event.causation_id.map(|id| id.to_string()));
        leaf.append_value(event.leaf_hash)?;
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
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}
