//! Features as columns: who, as of when, then the numbers; none where there is no value yet.

use std::{fs::File, path::Path, sync::Arc};

use allhours_domain::{features::ChurnFeatures, ids::CustomerId};
use arrow::{
    array::{ArrayRef, Float64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder},
    datatypes::{DataType, Field, Schema, TimeUnit},
    error::ArrowError,
};
use jiff::Timestamp;
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    errors::ParquetError,
};

use crate::export::{ExportError, files::failed, parquet::properties};

/// How many rows are written at once.
const ROWS: usize = 8_192;

/// The features of a customer, in the order of the columns; NaN where there is no value yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Who.
    pub customer: CustomerId,
    /// The numbers.
    pub values: Vec<f64>,
}

/// The columns.
#[must_use]
pub fn schema() -> Schema {
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let who =
        [Field::new("customer_id", DataType::Utf8, false), Field::new("as_of", instant, false)];
    let numbers =
        ChurnFeatures::columns().iter().map(|it| Field::new(it.name, DataType::Float64, true));
    Schema::new(who.into_iter().chain(numbers).collect::<Vec<_>>())
}

/// Writes all rows into a Parquet file.
///
/// # Errors
///
/// The file can't be written.
pub fn write(file: File, as_of: Timestamp, rows: &[Row]) -> Result<(), ExportError> {
    let schema = Arc::new(schema());
    let mut out = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties()?))?;
    for rows in rows.chunks(ROWS) {
        let batch = batch(&schema, as_of, rows)
            .map_err(|error| ParquetError::ArrowError(error.to_string()))?;
        out.write(&batch)?;
    }
    out.close()?;
    Ok(())
}

fn batch(schema: &Arc<Schema>, as_of: Timestamp, rows: &[Row]) -> Result<RecordBatch, ArrowError> {
    let mut customers = StringBuilder::new();
    let mut moments = TimestampMicrosecondBuilder::new().with_timezone("UTC");
    for row in rows {
        customers.append_value(row.customer.to_string());
        moments.append_value(as_of.as_microsecond());
    }
    let mut columns: Vec<ArrayRef> = vec![Arc::new(customers.finish()), Arc::new(moments.finish())];
    for index in 0..ChurnFeatures::columns().len() {
        let mut numbers = Float64Builder::new();
        for row in rows {
            numbers.append_option(row.values.get(index).copied().filter(|it| !it.is_nan()));
        }
        columns.push(Arc::new(numbers.finish()));
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// How many rows a file has, and the names of its columns.
///
/// # Errors
///
/// It is no Parquet file.
pub(super) fn shape(path: &Path) -> Result<(u64, Vec<String>), ExportError> {
    let unreadable = |_| ExportError::Unreadable(path.to_owned());
    let file = File::open(path).map_err(failed(path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?;
    let names = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = 0;
    for batch in reader.build().map_err(unreadable)? {
        let batch = batch.map_err(|_| ExportError::Unreadable(path.to_owned()))?;
        rows += batch.num_rows() as u64;
    }
    Ok((rows, names))
}
