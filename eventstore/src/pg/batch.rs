//! What is sent for a batch of commands, and what the answer says about each.

use allhours_domain::ids::{CommandId, SubjectId};
use jiff::Timestamp;
use tokio_postgres::{Row, types::ToSql};
use uuid::Uuid;

use super::row::JsonText;
use crate::{append::Receipt, error::LogError, prepare::Prepared, recorded::Position};

/// The columns of a batch: the parameters of `log/append.sql`, in that order.
#[derive(Debug, Default)]
pub(super) struct Columns<'a> {
    c_tenant: Vec<Uuid>,
    c_command: Vec<Uuid>,
    c_hash: Vec<&'a [u8]>,
    c_events: Vec<i32>,
    c_trace: Vec<Option<String>>,

    s_command: Vec<i32>,
    s_stream: Vec<Uuid>,
    s_type: Vec<&'static str>,
    s_expected: Vec<i32>,
    s_events: Vec<i32>,
    s_offset: Vec<i32>,

    e_command: Vec<i32>,
    e_offset: Vec<i32>,
    e_stream: Vec<Uuid>,
    e_version: Vec<i32>,
    e_id: Vec<Uuid>,
    e_type: Vec<&'static str>,
    e_name: Vec<&'static str>,
    e_schema: Vec<i16>,
    e_correlation: Vec<Uuid>,
    e_causation: Vec<Option<Uuid>>,
    e_actor: Vec<&'a str>,
    e_occurred: Vec<Timestamp>,
    e_recorded: Vec<Timestamp>,
    e_payload: Vec<JsonText<'a>>,
    e_leaf: Vec<&'a [u8]>,

    x_command: Vec<i32>,
    x_offset: Vec<i32>,
    x_field: Vec<i16>,
    x_event: Vec<Uuid>,
    x_subject: Vec<Uuid>,
    x_generation: Vec<i16>,
    x_text: Vec<&'a [u8]>,

    d_events: Vec<Uuid>,
    d_subjects: Vec<Uuid>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(batch: impl IntoIterator<Item = &'a Prepared>) -> Self {
        let mut columns = Self::default();
        for (command, ordinal) in batch.into_iter().zip(1..) {
            columns.command(command, ordinal);
        }
        columns
    }

    fn command(&mut self, command: &'a Prepared, ordinal: i32) {
        self.c_tenant.push(command.tenant.0);
        self.c_command.push(command.command_id.0);
        self.c_hash.push(&command.request_hash);
        self.c_events.push(command.events_count());
        self.c_trace.push(command.traceparent.map(|it| it.to_string()));
        for part in &command.streams {
            self.s_command.push(ordinal);
            self.s_stream.push(part.stream.id);
            self.s_type.push(part.stream.stream_type.0);
            self.s_expected.push(part.expected_version);
            self.s_events.push(part.events);
            self.s_offset.push(part.last_offset);
        }
        for (event, offset) in command.events.iter().zip(1..) {
            self.e_command.push(ordinal);
            self.e_offset.push(offset);
            self.e_stream.push(event.stream.id);
            self.e_version.push(event.version);
            self.e_id.push(event.event_id.0);
            self.e_type.push(event.stream.stream_type.0);
            self.e_name.push(event.kind.name);
            self.e_schema.push(event.kind.version);
            self.e_correlation.push(command.correlation_id.0);
            self.e_causation.push(event.causation_id.map(|it| it.0));
            self.e_actor.push(&command.actor_text);
            self.e_occurred.push(command.occurred_at);
            self.e_recorded.push(command.recorded_at);
            self.e_payload.push(JsonText(&event.payload));
            self.e_leaf.push(&event.leaf_hash);
            for text in &event.texts {
                self.x_command.push(ordinal);
                self.x_offset.push(offset);
                self.x_field.push(text.field);
                self.x_event.push(event.event_id.0);
                self.x_subject.push(text.subject.0);
                self.x_generation.push(text.generation);
                self.x_text.push(&text.ciphertext);
            }
        }
        self.d_events.extend(command.shred_events.iter().map(|it| it.0));
        self.d_subjects.extend(command.forget_subjects.iter().map(|it| it.0));
    }

    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 35] {
        [
            &self.c_tenant,
            &self.c_command,
            &self.c_hash,
            &self.c_events,
            &self.c_trace,
            &self.s_command,
            &self.s_stream,
            &self.s_type,
            &self.s_expected,
            &self.s_events,
            &self.s_offset,
            &self.e_command,
            &self.e_offset,
            &self.e_stream,
            &self.e_version,
            &self.e_id,
            &self.e_type,
            &self.e_name,
            &self.e_schema,
            &self.e_correlation,
            &self.e_causation,
            &self.e_actor,
            &self.e_occurred,
            &self.e_recorded,
            &self.e_payload,
            &self.e_leaf,
            &self.x_command,
            &self.x_offset,
            &self.x_field,
            &self.x_event,
            &self.x_subject,
            &self.x_generation,
            &self.x_text,
            &self.d_events,
            &self.d_subjects,
        ]
    }
}

/// What became of each command of a batch, in order.
#[derive(Debug)]
pub(super) struct Outcomes {
    pub answers: Vec<Result<Receipt, LogError>>,
    /// The newest position known after the batch.
    pub head: Position,
}

/// Reads the answer of `append_batch` about `batch`.
pub(super) fn outcomes<'a>(
    row: &Row,
    batch: impl IntoIterator<Item = &'a Prepared>,
) -> Result<Outcomes, tokio_postgres::Error> {
    let mut head: Position = row.try_get(0)?;
    let outcomes: Vec<i32> = row.try_get(1)?;
    let told = Told {
        commands: row.try_get::<_, Option<_>>(2)?.unwrap_or_default(),
        ids: row.try_get::<_, Option<_>>(3)?.unwrap_or_default(),
        values: row.try_get::<_, Option<_>>(4)?.unwrap_or_default(),
    };
    let mut answers = Vec::with_capacity(outcomes.len());
    for ((command, outcome), ordinal) in batch.into_iter().zip(outcomes).zip(1..) {
        answers.push(if outcome == 0 {
            head += Position::from(command.events_count());
            Ok(Receipt { position: head, versions: command.versions(), repeated: false })
        } else {
            told.about(command, outcome, ordinal)
        });
    }
    Ok(Outcomes { answers, head })
}

/// The arrays `f_`: one element for each command that was not appended.
struct Told {
    commands: Vec<i32>,
    ids: Vec<Uuid>,
    values: Vec<i64>,
}

impl Told {
    fn about(&self, command: &Prepared, outcome: i32, ordinal: i32) -> Result<Receipt, LogError> {
        let at = self.commands.iter().position(|it| *it == ordinal);
        let at = at.expect("append_batch tells about each command that it did not append");
        let (id, value) = (self.ids[at], self.values[at]);
        let part = || {
            let part = command.streams.iter().find(|part| part.stream.id == id);
            part.expect("append_batch names a stream of the command")
        };
        match outcome {
            1 => Ok(Receipt { position: value, versions: Vec::new(), repeated: true }),
            2 => Err(LogError::CommandReused(CommandId(id))),
            3 => {
                let part = part();
                Err(LogError::Conflict {
                    stream: part.stream,
                    expected: part.expected_version,
                    actual: i32::try_from(value).expect("versions are stored as int"),
                    by: None,
                    at: None,
                })
            }
            4 => Err(LogError::SubjectErased(SubjectId(id))),
            5 => Err(LogError::OtherType(part().stream)),
            other => unreachable!("append_batch knows no outcome {other}"),
        }
    }
}
