//! Questions of analysts and auditors.

use std::collections::BTreeSet;

use allhours_domain::{
    actor::Actor,
    catalogue::AnyEvent,
    conversation::ConversationEvent,
    ids::{CorrelationId, EventId, MessageId, TenantId},
};
use jiff::SignedDuration;
use uuid::Uuid;

use super::script::Script;
use crate::{
    history::{EventFilter, History, Part, Parts, Start},
    recorded::{Position, Recorded, StreamType},
};

/// In order of position, each once, and nothing that is not there.
pub async fn history_finds_by_position_and_by_id<L: History>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    let append = script.tagging(stream, 0, 5);
    log.append(append.clone()).await.expect("appended");
    let found = log.at_positions(script.tenant, &[4, 2, 99, 2, 0]).await.expect("found");
    assert_eq!(found.iter().map(|it| it.position).collect::<Vec<_>>(), [2, 4]);
    let id = append.streams[0].events[2].0;
    let first = append.streams[0].events[0].0;
    let nobody = EventId(Uuid::from_u128(99));
    let mut found = log.by_ids(script.tenant, &[id, nobody, first, id]).await.expect("asked");
    found.sort_by_key(|it| it.position);
    let found: Vec<_> = found.iter().map(|it| (it.position, it.event_id)).collect();
    assert_eq!(found, [(1, first), (3, id)]);
    assert_eq!(log.by_ids(script.tenant, &[nobody]).await.expect("asked"), []);
}

/// Each part alone gives what a plain reading of the whole log gives, from either end.
pub async fn history_pages_by_every_part_of_a_filter<L: History>(log: &L) {
    let mut script = Script::new(1);
    let mut other = Script::new(2);
    let streams = [script.stream(), script.stream(), script.stream()];
    let ada = script.subject();
    let mut versions = [0; 3];
    for round in 0..12 {
        let which = round % 3;
        let mut append = script.tagging(streams[which], versions[which], 1 + round % 2);
        let message = script.message(ada, "hello");
        append.streams[0].events.push(message);
        append.correlation_id = CorrelationId(Uuid::from_u128(round as u128 / 4));
        if round % 5 == 0 {
            append.actor = Actor::Timer("snooze".to_owned());
        }
        versions[which] = log.append(append).await.expect("appended").versions[0];
        let stream = other.stream();
        let foreign = other.tagging(stream, 0, 1);
        log.append(foreign).await.expect("appended");
    }
    let all = log.read(0, 1_000).await.expect("read");
    let ours = || all.iter().filter(|event| event.tenant == script.tenant);
    let some = ours().nth(9).expect("enough events").clone();
    let names = vec!["conversation.customer_message_received".to_owned()];
    let filters = [
        EventFilter::default(),
        EventFilter { after: Some(some.position), ..EventFilter::default() },
        EventFilter { before: Some(some.position), ..EventFilter::default() },
        EventFilter { stream: Some(some.stream), ..EventFilter::default() },
        EventFilter { stream_type: Some(StreamType("team")), ..EventFilter::default() },
        EventFilter { names: names.clone(), ..EventFilter::default() },
        EventFilter { actor: Some(some.actor.clone()), ..EventFilter::default() },
        EventFilter { correlation_id: Some(some.correlation_id), ..EventFilter::default() },
        EventFilter { command_id: Some(some.command_id), ..EventFilter::default() },
        EventFilter { recorded_from: Some(some.recorded_at), ..EventFilter::default() },
        EventFilter { recorded_until: Some(some.recorded_at), ..EventFilter::default() },
        EventFilter {
            after: Some(2),
            before: Some(30),
            stream: Some(some.stream),
            stream_type: Some(some.stream.stream_type),
            names,
            correlation_id: Some(some.correlation_id),
            ..EventFilter::default()
        },
    ];
    for filter in filters {
        let mut expected: Vec<Position> =
            ours().filter(|event| filter.fits(event)).map(|event| event.position).collect();
        for (start, limit) in
            [(Start::Oldest, 100), (Start::Newest, 100), (Start::Oldest, 3), (Start::Newest, 3)]
        {
            expected.sort_unstable();
            if start == Start::Newest {
                expected.reverse();
            }
            let page = log.page(script.tenant, &filter, start, limit).await.expect("a page");
            let found: Vec<_> = page.iter().map(|event| event.position).collect();
            assert_eq!(found, expected[..expected.len().min(limit)], "{start:?} {filter:?}");
        }
    }
}

/// Each part by itself: its stream, between the positions, about some messages or none of them.
pub async fn history_reads_parts_of_several_streams_at_once<L: History>(log: &L) {
    let mut script = Script::new(1);
    let streams = [script.stream(), script.stream(), script.stream()];
    let ada = script.subject();
    let mut versions = [0; 3];
    for round in 0..18 {
        let which = round % 3;
        let events = if round % 2 == 0 { vec![script.message(ada, "hi")] } else { script.tags(2) };
        let append = script.writing(streams[which], versions[which], events);
        versions[which] = log.append(append).await.expect("appended").versions[0];
    }
    let all = log.read(0, 1_000).await.expect("read");
    let messages = all.iter().filter_map(message_of).collect::<Vec<_>>();
    let some: BTreeSet<_> = messages.iter().step_by(2).copied().collect();
    assert!(some.len() > 3 && messages.len() > some.len(), "{messages:?}");
    let about = Part { about: Some(some.clone()), ..Part::all(streams[0]) };
    let but = Part { but: some, ..Part::all(streams[1]) };
    let late = Part { after: 4, ..Part::all(streams[2]) };
    let parts = vec![about, but, Part::all(streams[2]), late];
    let names = vec!["conversation.customer_message_received".to_owned()];
    for wanted in [
        Parts { parts: parts.clone(), ..Parts::default() },
        Parts { parts: parts.clone(), names, ..Parts::default() },
        Parts { parts, after: Some(4), before: Some(15), ..Parts::default() },
    ] {
        for (start, limit) in [(Start::Oldest, 99), (Start::Newest, 99), (Start::Newest, 2)] {
            let mut expected = Vec::new();
            for (number, part) in wanted.parts.iter().enumerate() {
                let (after, before) = (wanted.after.unwrap_or(0), wanted.before.unwrap_or(99));
                let fits = |it: &&Recorded| {
                    part.fits(it)
                        && (after + 1..before).contains(&it.position)
                        && (wanted.names.is_empty() || wanted.names.contains(&it.name))
                };
                let mut of_part: Vec<_> = all.iter().filter(fits).map(|it| it.position).collect();
                if start == Start::Newest {
                    of_part.reverse();
                }
                expected.extend(of_part.into_iter().take(limit).map(|it| (number, it)));
            }
            let found = log.parts(script.tenant, &wanted, start, limit).await.expect("found");
            let found: Vec<_> = found.iter().map(|(number, it)| (*number, it.position)).collect();
            assert_eq!(found, expected, "{start:?} {wanted:?}");
        }
    }
    let nobody = TenantId(Uuid::from_u128(404));
    let wanted = Parts { parts: vec![Part::all(streams[0])], ..Parts::default() };
    assert_eq!(log.parts(nobody, &wanted, Start::Oldest, 9).await.expect("asked"), []);
}

fn message_of(event: &Recorded) -> Option<MessageId> {
    match event.event() {
        Ok(AnyEvent::Conversation(ConversationEvent::CustomerMessageReceived(it))) => {
            Some(it.message)
        }
        _ => None,
    }
}

/// An instant is the last position written down by then.
pub async fn history_turns_instants_into_positions<L: History>(log: &L) {
    let mut script = Script::new(1);
    let begin = script.now;
    for _ in 0..10 {
        let stream = script.stream();
        let append = script.tagging(stream, 0, 2);
        log.append(append).await.expect("appended");
    }
    for (after_ms, expected) in
        [(0, 0), (999, 0), (1_000, 2), (1_001, 2), (5_500, 10), (99_000, 20)]
    {
        let instant = begin.checked_add(SignedDuration::from_millis(after_ms)).expect("in range");
        assert_eq!(log.position_at(instant).await.expect("asked"), expected, "{after_ms} ms");
    }
    // One that waited long for its turn: nothing of an instant stands after its position.
    let stream = script.stream();
    let mut late = script.tagging(stream, 0, 2);
    late.recorded_at = begin.checked_add(SignedDuration::from_millis(4_000)).expect("in range");
    log.append(late).await.expect("appended");
    for (after_ms, expected) in [(3_999, 6), (4_000, 22), (5_500, 22), (99_000, 22)] {
        let instant = begin.checked_add(SignedDuration::from_millis(after_ms)).expect("in range");
        assert_eq!(log.position_at(instant).await.expect("asked"), expected, "{after_ms} ms, late");
    }
}
