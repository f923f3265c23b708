//! From a row to an event.

use std::error::Error;

use allhours_domain::ids::{CommandId, CorrelationId, EventId, TenantId};
use bytes::{BufMut as _, BytesMut};
use tokio_postgres::{
    Row,
    types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked},
};
use uuid::Uuid;

use crate::{
    error::LogError,
    recorded::{Position, Recorded, StreamId, StreamType},
};

/// The version of the form in which PostgreSQL sends and takes jsonb.
const JSONB_FORMAT: u8 = 1;

/// The text of a jsonb value, neither parsed nor checked again.
#[derive(Debug)]
pub(super) struct JsonText<'a>(pub &'a str);

impl<'a> FromSql<'a> for JsonText<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        match raw.split_first() {
            Some((&JSONB_FORMAT, text)) => Ok(Self(std::str::from_utf8(text)?)),
            _ => Err("jsonb in a form that this program does not know".into()),
        }
    }

    accepts!(JSONB);
}

impl ToSql for JsonText<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_u8(JSONB_FORMAT);
        out.put_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    accepts!(JSONB);
    to_sql_checked!();
}

/// Reads the columns of `log/read.sql`, in that order.
pub(crate) fn recorded(row: &Row) -> Result<Recorded, LogError> {
    let position: Position = row.try_get(0)?;
    let inconsistent = |column| LogError::Inconsistent { position, column };
    let stream_type =
        StreamType::parse(row.try_get(2)?).ok_or_else(|| inconsistent("stream_type"))?;
    let actor = row.try_get::<_, &str>(11)?.parse().map_err(|_| inconsistent("actor"))?;
    let leaf_hash = row.try_get::<_, &[u8]>(15)?;
    let traceparent = row.try_get::<_, Option<&str>>(16)?.map(str::parse).transpose();
    let traceparent = traceparent.map_err(|_| inconsistent("traceparent"))?;
    Ok(Recorded {
        position,
        tenant: TenantId(row.try_get(1)?),
        stream: StreamId { stream_type, id: row.try_get(3)? },
        version: row.try_get(4)?,
        event_id: EventId(row.try_get(5)?),
        name: row.try_get(6)?,
        schema_version: row.try_get(7)?,
        command_id: CommandId(row.try_get(8)?),
        correlation_id: CorrelationId(row.try_get(9)?),
        causation_id: row.try_get::<_, Option<Uuid>>(10)?.map(EventId),
        traceparent,
        actor,
        occurred_at: row.try_get(12)?,
        recorded_at: row.try_get(13)?,
        payload: row.try_get::<_, JsonText<'_>>(14)?.0.to_owned(),
        leaf_hash: leaf_hash.try_into().map_err(|_| inconsistent("leaf_hash"))?,
    })
}
