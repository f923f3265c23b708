//! The log itself, for those who analyse and audit: events, and why they happened.

use allhours_domain::{catalogue::catalogue, ids::EventId};
use allhours_eventstore::{
    history::{EventFilter, History, Start},
    recorded::{Recorded, StreamId, StreamType},
};
use async_graphql::{
    ComplexObject, Context, ID, InputObject, Result, SimpleObject, connection::Connection,
};
use uuid::Uuid;

use super::{
    actor::Actor,
    error::{Code, internal, of_log},
    id::{self, Kind},
    loaders::Loaders,
    page::{BothWays, Cursor},
    scalars::{DateTime, Json, Position},
    services::Services,
    text::reads_texts,
    viewer::Viewer,
};
use crate::desk::chain::Chain;

/// One event of the log.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
#[expect(clippy::struct_field_names, reason = "the envelope has an event id, and the schema an id")]
pub struct Event {
    #[graphql(skip)]
    event_id: EventId,
    /// Its number in the whole log.
    pub position: Position,
    /// The stored name of its stream's type, such as `conversation`.
    pub stream_type: String,
    /// The global id of what it happened to.
    pub stream_id: ID,
    /// Its number in the stream, from 1.
    pub version: i32,
    /// The stored name, such as `conversation.opened`.
    pub name: String,
    /// The version of its shape.
    pub schema_version: i32,
    /// The command that caused it.
    pub command_id: String,
    /// The same for all that follows from one outside cause.
    pub correlation_id: String,
    /// The W3C `traceparent` of the request that asked for it, if that was part of a trace.
    pub traceparent: Option<String>,
    /// When it happened.
    pub occurred_at: DateTime,
    /// When it was written down.
    pub recorded_at: DateTime,
    /// The payload in its newest shape; personal texts as the viewer may read them.
    pub payload: Json,
    /// SHA-256 of its canonical bytes, in hexadecimal.
    pub leaf_sha256: String,
    #[graphql(skip)]
    causation: Option<EventId>,
    #[graphql(skip)]
    actor: allhours_domain::actor::Actor,
}

#[ComplexObject]
impl Event {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Event.id(self.event_id)
    }

    /// Who or what caused it.
    async fn actor(&self) -> Actor {
        self.actor.clone().into()
    }

    /// The global id of the event that made somebody send the command, if any.
    async fn causation_id(&self) -> Option<ID> {
        self.causation.map(|id| Kind::Event.id(id))
    }
}

/// The kind of global id that a stream has.
#[must_use]
pub fn kind_of(stream: StreamId) -> Kind {
    match stream.stream_type.0 {
        "agent" => Kind::Agent,
        "article" => Kind::Article,
        "conversation" => Kind::Conversation,
        "customer" => Kind::Customer,
        "desk" => Kind::Desk,
        "identity" => Kind::Identity,
        "intake" => Kind::Intake,
        "team" => Kind::Team,
        other => unreachable!("`{other}` is none of the program's stream types"),
    }
}

fn stream_type(kind: Kind) -> Option<StreamType> {
    match kind {
        Kind::Agent => Some(StreamType("agent")),
        Kind::Article => Some(StreamType("article")),
        Kind::Conversation => Some(StreamType("conversation")),
        Kind::Customer => Some(StreamType("customer")),
        Kind::Desk => Some(StreamType("desk")),
        Kind::Identity => Some(StreamType("identity")),
        Kind::Intake => Some(StreamType("intake")),
        Kind::Team => Some(StreamType("team")),
        Kind::Message | Kind::Event => None,
    }
}

/// An event as the viewer may read it; opened where they read texts.
///
/// # Errors
///
/// A payload that does not read back.
pub fn event(viewer: &Viewer, recorded: &Recorded) -> Result<Event> {
    let payload = recorded.event().map_err(|error| internal(&error))?.to_payload();
    let mut payload = payload.map_err(|error| internal(&error))?;
    if !reads_texts(viewer.role) {
        hide(&mut payload);
    }
    Ok(Event {
        event_id: recorded.event_id,
        position: Position(recorded.position),
        stream_type: recorded.stream.stream_type.0.to_owned(),
        stream_id: kind_of(recorded.stream).id(recorded.stream.id),
        version: recorded.version,
        name: recorded.name.clone(),
        schema_version: recorded.schema_version.into(),
        command_id: recorded.command_id.to_string(),
        correlation_id: recorded.correlation_id.to_string(),
        traceparent: recorded.traceparent.map(|it| it.to_string()),
        occurred_at: DateTime(recorded.occurred_at),
        recorded_at: DateTime(recorded.recorded_at),
        payload: Json(payload),
        leaf_sha256: hex::encode(recorded.leaf_hash),
        causation: recorded.causation_id,
        actor: recorded.actor.clone(),
    })
}

/// Takes what can be read out of personal texts, wherever they stand.
fn hide(payload: &mut serde_json::Value) {
    match payload {
        serde_json::Value::Object(fields) if fields.contains_key("$subject") => {
            fields.retain(|name, _| name == "$subject");
            fields.insert("hidden".to_owned(), true.into());
        }
        serde_json::Value::Object(fields) => fields.values_mut().for_each(hide),
        serde_json::Value::Array(values) => values.iter_mut().for_each(hide),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

/// Which events; every part that is given must hold.
#[derive(Debug, InputObject, Default)]
pub struct EventsFilter {
    /// Of what this id is of: a conversation, a customer, an agent and so on.
    pub stream_id: Option<ID>,
    /// Of streams of this type, such as `conversation`.
    pub stream_type: Option<String>,
    /// With one of these stored names.
    pub names: Option<Vec<String>>,
    /// Caused by this actor, in its stored form `kind:name`.
    pub actor: Option<String>,
    /// Following from this outside cause.
    pub correlation_id: Option<String>,
    /// Caused by this command.
    pub command_id: Option<String>,
    /// After this position.
    pub after_position: Option<Position>,
    /// Before this position.
    pub before_position: Option<Position>,
    /// Written down at this instant or later.
    pub recorded_from: Option<DateTime>,
    /// Written down before this instant.
    pub recorded_until: Option<DateTime>,
}

/// The most names in one filter.
const NAMES_MAX: usize = 100;

impl EventsFilter {
    /// As the log takes it.
    ///
    /// # Errors
    ///
    /// A part that does not read.
    pub fn read(self) -> Result<EventFilter> {
        let bad = |what: &str| Code::BadUserInput.error(format!("{what} does not read"));
        let uuid = |text: Option<String>, what: &str| {
            text.map(|it| Uuid::parse_str(&it).map_err(|_| bad(what))).transpose()
        };
        let stream = self.stream_id.map(|text| {
            let (kind, id) = id::parse(&text).ok_or_else(|| bad("streamId"))?;
            let stream_type = stream_type(kind).ok_or_else(|| bad("streamId"))?;
            Ok::<_, async_graphql::Error>(StreamId { stream_type, id })
        });
        let parsed = |text: String| StreamType::parse(&text).ok_or_else(|| bad("streamType"));
        let names = self.names.unwrap_or_default();
        if names.len() > NAMES_MAX {
            return Err(Code::BadUserInput.error(format!("names takes {NAMES_MAX} at most")));
        }
        let known = catalogue();
        let is_known = |name: &&String| known.iter().any(|(_, kind)| kind.name == name.as_str());
        if let Some(name) = names.iter().find(|name| !is_known(name)) {
            let message = format!("no event has the name `{name}`; docs/events.md lists them");
            return Err(Code::BadUserInput.error(message));
        }
        Ok(EventFilter {
            after: self.after_position.map(|it| it.0),
            before: self.before_position.map(|it| it.0),
            stream: stream.transpose()?,
            stream_type: self.stream_type.map(parsed).transpose()?,
            names,
            actor: self.actor.map(|it| it.parse().map_err(|_| bad("actor"))).transpose()?,
            correlation_id: uuid(self.correlation_id, "correlationId")?.map(Into::into),
            command_id: uuid(self.command_id, "commandId")?.map(Into::into),
            recorded_from: self.recorded_from.map(|it| it.0),
            recorded_until: self.recorded_until.map(|it| it.0),
        })
    }
}

/// A page of the log.
///
/// # Errors
///
/// A failure of the log, or a cursor of another list.
pub async fn page(
    ctx: &Context<'_>,
    mut filter: EventFilter,
    page: &BothWays,
) -> Result<Connection<Cursor, Event>> {
    let viewer = Viewer::of(ctx)?;
    let services = ctx.data::<Services>()?;
    let (after, before) = page.keys(|cursor| cursor.as_number("events"))?;
    filter.after = filter.after.max(after);
    filter.before = [filter.before, before].into_iter().flatten().min();
    let start = if page.from_end { Start::Newest } else { Start::Oldest };
    let found = services.log.page(viewer.tenant, &filter, start, page.limit + 1).await;
    let mut found = found.map_err(|error| of_log(&error))?;
    let more = found.len() > page.limit;
    found.truncate(page.limit);
    found.sort_by_key(|recorded| recorded.position);
    let events = events(services, viewer, found).await?;
    let rows = events.into_iter().map(|event| (Cursor::number("events", event.position.0), event));
    Ok(page.connection(rows, more))
}

/// Events as the viewer may read them; opened only for those who read texts.
///
/// # Errors
///
/// A failure of the log.
pub async fn events(
    services: &Services,
    viewer: &Viewer,
    found: Vec<Recorded>,
) -> Result<Vec<Event>> {
    let found = if reads_texts(viewer.role) { services.open(found).await? } else { found };
    found.iter().map(|recorded| event(viewer, recorded)).collect()
}

/// The event with this id.
///
/// # Errors
///
/// A failure of the log.
pub async fn one(ctx: &Context<'_>, id: EventId) -> Result<Option<Event>> {
    let viewer = Viewer::of(ctx)?;
    let asked = (id, reads_texts(viewer.role));
    let found = Loaders::of(ctx)?.events_by_id.load_one(asked).await?;
    found.map(|recorded| event(viewer, &recorded)).transpose()
}

/// An event and what caused it, from the event back to the outside cause.
///
/// # Errors
///
/// A failure of the log.
pub async fn why(ctx: &Context<'_>, id: EventId) -> Result<Vec<Event>> {
    let viewer = Viewer::of(ctx)?;
    let services = ctx.data::<Services>()?;
    let mut chain = Vec::new();
    let mut links = Chain::default();
    let mut next = Some(id);
    while let Some(id) = next {
        links.follow(id).map_err(|error| of_log(&error))?;
        let found = services.log.by_ids(viewer.tenant, &[id]).await;
        let found = found.map_err(|error| of_log(&error))?.pop();
        next = found.as_ref().and_then(|recorded| recorded.causation_id);
        chain.extend(found);
    }
    events(services, viewer, chain).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_by_a_name_that_no_event_has_is_refused() {
        let by = |names: &[&str]| {
            let names = names.iter().map(|&name| name.to_owned()).collect();
            EventsFilter { names: Some(names), ..EventsFilter::default() }.read()
        };
        assert_eq!(by(&["conversation.opened"]).unwrap().names, ["conversation.opened"]);
        let refused = by(&["conversation.opened", "conversation.opend"]).unwrap_err();
        assert!(refused.message.contains("`conversation.opend`"), "{}", refused.message);
    }

    #[test]
    fn hiding_leaves_nothing_to_read() {
        let personal = allhours_domain::personal::Personal::about(
            allhours_domain::ids::CustomerId(Uuid::nil()),
            "secret",
        );
        let mut payload = serde_json::json!({ "a": [{ "text": personal }], "n": 1 });
        hide(&mut payload);
        assert!(!payload.to_string().contains("secret"), "{payload}");
        assert_eq!(payload["n"], 1);
    }
}
