//! How events come back.

use std::{sync::Arc, time::Duration};

use allhours_domain::ids::{EventId, SubjectId, TenantId};
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{PgLog, row};
use crate::{
    error::LogError,
    history::{EventFilter, History, Part, Parts, Start},
    log::Log as _,
    opening::{Ciphertexts, Wanted},
    recorded::{Position, Recorded},
    sql,
};

/// How many positions one statement looks through for a filter that no index answers.
const WINDOW_POSITIONS: Position = 50_000;

/// How far the clocks of processes may differ when instants are turned into positions.
const CLOCKS_APART_MAX: Duration = Duration::from_mins(1);

/// A limit as PostgreSQL takes it.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl PgLog {
    pub(super) async fn events(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Recorded>, LogError> {
        self.rows(statement, parameters).await?.iter().map(row::recorded).collect()
    }

    /// Events of one tenant, by a connection that sees no other's.
    pub(super) async fn events_of(
        &self,
        tenant: TenantId,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Recorded>, LogError> {
        self.rows_of(tenant, statement, parameters).await?.iter().map(row::recorded).collect()
    }

    pub(super) async fn ciphertexts(&self, wanted: &[Wanted]) -> Result<Ciphertexts, LogError> {
        let tenants: Vec<Uuid> = wanted.iter().map(|it| it.tenant.0).collect();
        let subjects: Vec<Uuid> = wanted.iter().map(|it| it.subject.0).collect();
        let positions: Vec<Position> = wanted.iter().map(|it| it.position).collect();
        let fields: Vec<i16> = wanted.iter().map(|it| it.field).collect();
        let parameters: [&(dyn ToSql + Sync); 4] = [&tenants, &subjects, &positions, &fields];
        let rows = self.rows(sql::LOG_CIPHERTEXTS, &parameters).await?;
        let ciphertext = |row: &tokio_postgres::Row| -> Arc<[u8]> { row.get::<_, &[u8]>(3).into() };
        Ok(rows
            .iter()
            .map(|row| ((row.get(0), row.get(1)), (row.get(2), ciphertext(row))))
            .collect())
    }

    /// The positions that can fit: after the first, before the second.
    async fn bounds(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
    ) -> Result<(Position, Position), LogError> {
        let mut after = filter.after.unwrap_or(0).max(0);
        let mut before = filter.before.unwrap_or(Position::MAX).min(self.head().await? + 1);
        if let Some(from) = filter.recorded_from
            && let Ok(earlier) = from.checked_sub(CLOCKS_APART_MAX)
        {
            after = after.max(self.position_at(earlier).await?);
        }
        if let Some(until) = filter.recorded_until
            && let Ok(later) = until.checked_add(CLOCKS_APART_MAX)
        {
            before = before.min(self.position_at(later).await? + 1);
        }
        if let Some(command) = filter.command_id {
            let rows = self.rows(sql::LOG_ANSWERED, &[&tenant.0, &command.0]).await?;
            let last: Position = rows.first().map_or(0, |row| row.get(0));
            after = after.max(last - limit(crate::append::EVENTS_MAX));
            before = before.min(last + 1);
        }
        Ok((after, before))
    }

    async fn window(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
        start: Start,
        (after, before): (Position, Position),
        events_max: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        let statement = match (start, filter.stream, filter.correlation_id) {
            (Start::Oldest, Some(_), _) => sql::LOG_PAGE_STREAM_OLDEST,
            (Start::Newest, Some(_), _) => sql::LOG_PAGE_STREAM_NEWEST,
            (Start::Oldest, None, Some(_)) => sql::LOG_PAGE_CORRELATION_OLDEST,
            (Start::Newest, None, Some(_)) => sql::LOG_PAGE_CORRELATION_NEWEST,
            (Start::Oldest, None, None) => sql::LOG_PAGE_ALL_OLDEST,
            (Start::Newest, None, None) => sql::LOG_PAGE_ALL_NEWEST,
        };
        let stream_type = filter.stream.map(|it| it.stream_type).or(filter.stream_type);
        let parameters: [&(dyn ToSql + Sync); 12] = [
            &tenant.0,
            &after,
            &before,
            &filter.stream.map(|it| it.id),
            &stream_type.map(|it| it.0),
            &filter.names,
            &filter.actor.as_ref().map(ToString::to_string),
            &filter.correlation_id.map(|it| it.0),
            &filter.command_id.map(|it| it.0),
            &filter.recorded_from,
            &filter.recorded_until,
            &limit(events_max),
        ];
        self.events_of(tenant, statement, &parameters).await
    }
}

/// The parts as a statement takes them.
fn described(parts: &[Part]) -> serde_json::Value {
    let part = |(number, part): (usize, &Part)| {
        serde_json::json!({
            "number": number,
            "stream_type": part.stream.stream_type.0,
            "stream_id": part.stream.id,
            "after": part.after,
            "about": part.about,
            "but": part.but,
        })
    };
    parts.iter().enumerate().map(part).collect()
}

impl History for PgLog {
    async fn at_positions(
        &self,
        tenant: TenantId,
        positions: &[Position],
    ) -> Result<Vec<Recorded>, LogError> {
        self.events_of(tenant, sql::LOG_AT_POSITIONS, &[&tenant.0, &positions]).await
    }

    async fn by_ids(
        &self,
        tenant: TenantId,
        events: &[EventId],
    ) -> Result<Vec<Recorded>, LogError> {
        let events: Vec<Uuid> = events.iter().map(|it| it.0).collect();
        self.events_of(tenant, sql::LOG_BY_IDS, &[&tenant.0, &events]).await
    }

    async fn page(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
        start: Start,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        if let (Some(stream), Some(stream_type)) = (filter.stream, filter.stream_type)
            && stream.stream_type != stream_type
        {
            return Ok(Vec::new());
        }
        let (mut after, mut before) = self.bounds(tenant, filter).await?;
        // An index answers for a stream and a cause; otherwise the log is read in windows, so
        // that no statement runs for long.
        let indexed = filter.stream.is_some() || filter.correlation_id.is_some();
        let width = if indexed { Position::MAX } else { WINDOW_POSITIONS };
        let mut found = Vec::new();
        while after + 1 < before && found.len() < limit {
            let window = match start {
                Start::Oldest => (after, before.min(after.saturating_add(width).saturating_add(1))),
                Start::Newest => (after.max((before - 1).saturating_sub(width)), before),
            };
            let rest = limit - found.len();
            found.extend(self.window(tenant, filter, start, window, rest).await?);
            match start {
                Start::Oldest => after = window.1 - 1,
                Start::Newest => before = window.0 + 1,
            }
        }
        Ok(found)
    }

    async fn parts(
        &self,
        tenant: TenantId,
        parts: &Parts,
        start: Start,
        limit_each: usize,
    ) -> Result<Vec<(usize, Recorded)>, LogError> {
        let statement = match start {
            Start::Oldest => sql::LOG_PARTS_OLDEST,
            Start::Newest => sql::LOG_PARTS_NEWEST,
        };
        let (after, before) = (parts.after.unwrap_or(0), parts.before.unwrap_or(Position::MAX));
        let described = described(&parts.parts);
        let parameters: [&(dyn ToSql + Sync); 6] =
            [&tenant.0, &described, &after, &before, &parts.names, &limit(limit_each)];
        let rows = self.rows_of(tenant, statement, &parameters).await?;
        let number = |row: &tokio_postgres::Row| {
            let number: i32 = row.try_get("number")?;
            Ok::<_, LogError>(usize::try_from(number).unwrap_or_default())
        };
        rows.iter().map(|row| Ok((number(row)?, row::recorded(row)?))).collect()
    }

    async fn position_at(&self, at: Timestamp) -> Result<Position, LogError> {
        let rows = self.rows(sql::LOG_POSITION_AT, &[&at]).await?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }

    async fn texts_about(&self, tenant: TenantId, subjects: &[SubjectId]) -> Result<u64, LogError> {
        let subjects: Vec<Uuid> = subjects.iter().map(|it| it.0).collect();
        let rows = self.rows(sql::LOG_TEXTS_ABOUT, &[&tenant.0, &subjects]).await?;
        let texts: i64 = rows.first().map_or(0, |row| row.get(0));
        Ok(texts.unsigned_abs())
    }

    async fn positions_about(
        &self,
        tenant: TenantId,
        subject: SubjectId,
        after: Position,
        positions_max: usize,
    ) -> Result<Vec<Position>, LogError> {
        let parameters: [&(dyn ToSql + Sync); 4] =
            [&tenant.0, &subject.0, &after, &limit(positions_max)];
        let rows = self.rows(sql::LOG_POSITIONS_ABOUT, &parameters).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}
