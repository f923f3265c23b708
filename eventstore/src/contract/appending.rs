//! Order, versions, conflicts, retries and limits.

use std::time::Duration;

use super::script::Script;
use crate::{
    append::{EVENTS_MAX, Receipt, StreamAppend},
    canonical::{canonical_bytes, leaf_hash},
    error::LogError,
    history::History,
    log::Log,
    recorded::{Recorded, StreamId, StreamType},
};

/// Every part of an event comes back, and its leaf hash covers them.
pub async fn an_append_is_read_back_as_it_was_written<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    let mut append = script.tagging(stream, 0, 2);
    append.causation_id = Some(allhours_domain::ids::EventId(script.id()));
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    append.traceparent = Some(traceparent.parse().expect("a traceparent"));
    let receipt = log.append(append.clone()).await.expect("appended");
    assert_eq!(receipt, Receipt { position: 2, versions: vec![2], repeated: false });

    let events = log.read(0, 10).await.expect("read");
    assert_eq!(events.len(), 2);
    let event = &events[1];
    let (event_id, written) = &append.streams[0].events[1];
    assert_eq!(event.event_id, *event_id);
    assert_eq!(event.event().expect("readable"), *written);
    assert_eq!((event.position, event.version), (2, 2));
    assert_eq!((event.tenant, event.stream), (append.tenant, stream));
    assert_eq!((event.name.as_str(), event.schema_version), ("conversation.tagged", 1));
    assert_eq!(event.command_id, append.command_id);
    assert_eq!(event.correlation_id, append.correlation_id);
    assert_eq!(event.causation_id, append.causation_id);
    assert_eq!(event.traceparent, append.traceparent);
    assert_eq!(event.actor, append.actor);
    assert_eq!(event.occurred_at, append.occurred_at);
    assert_eq!(event.recorded_at, append.recorded_at);
    assert_eq!(event.leaf_hash, leaf_hash(&canonical_bytes(event).expect("canonical")));
    assert_eq!(log.load(script.tenant, stream, 0, 10).await.expect("loaded"), events);
}

/// The first event has the outside cause; all others of the append have the first, in whatever
/// stream they are.
pub async fn what_follows_from_the_first_event_of_an_append_says_so<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    let mut append = script.tagging(stream, 0, 2);
    let other = script.stream();
    append.streams.extend(script.tagging(other, 0, 1).streams);
    append.follows_first = true;
    append.causation_id = Some(allhours_domain::ids::EventId(script.id()));
    log.append(append.clone()).await.expect("appended");
    let first = append.streams[0].events[0].0;
    let causes: Vec<_> =
        log.read(0, 10).await.expect("read").iter().map(|it| it.causation_id).collect();
    assert_eq!(causes, [append.causation_id, Some(first), Some(first)]);
}

/// 1, 2, 3, ... over all streams, also after appends that were refused.
pub async fn positions_are_gapless_and_in_order<L: Log>(log: &L) {
    let mut script = Script::new(1);
    for round in 0..5 {
        let stream = script.stream();
        let append = script.tagging(stream, 0, round + 1);
        log.append(append).await.expect("appended");
        let late = script.tagging(stream, 0, 1);
        assert!(log.append(late).await.is_err());
    }
    let events = log.read(0, 100).await.expect("read");
    let positions: Vec<_> = events.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=15).collect::<Vec<_>>());
    assert_eq!(log.head().await.expect("head"), 15);
    assert_eq!(log.read(12, 2).await.expect("read"), events[12..14]);
    assert!(log.read(15, 2).await.expect("read").is_empty());
}

/// 1, 2, 3, ... in each stream; a part of it can be loaded.
pub async fn versions_count_each_stream_from_one<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let (one, other) = (script.stream(), script.stream());
    for (stream, expected) in [(one, 0), (other, 0), (one, 2), (other, 2), (one, 4)] {
        let append = script.tagging(stream, expected, 2);
        let receipt = log.append(append).await.expect("appended");
        assert_eq!(receipt.versions, [expected + 2]);
    }
    let versions = |events: &[Recorded]| events.iter().map(|it| it.version).collect::<Vec<_>>();
    let all = log.load(script.tenant, one, 0, 100).await.expect("loaded");
    assert_eq!(versions(&all), [1, 2, 3, 4, 5, 6]);
    let some = log.load(script.tenant, one, 3, 2).await.expect("loaded");
    assert_eq!(versions(&some), [4, 5]);
}

/// The loser learns the version, who wrote and when.
pub async fn the_second_of_two_writers_meets_a_conflict<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    let winner = script.tagging(stream, 0, 3);
    let loser = script.tagging(stream, 0, 1);
    log.append(winner.clone()).await.expect("appended");
    let error = log.append(loser).await.expect_err("too late");
    let LogError::Conflict { stream: named, expected, actual, by, at } = error else {
        unreachable!("not a conflict: {error}")
    };
    assert_eq!((named, expected, actual), (stream, 0, 3));
    assert_eq!((by, at), (Some(winner.actor), Some(winner.recorded_at)));

    let ahead = script.tagging(stream, 9, 1);
    let error = log.append(ahead).await.expect_err("nobody wrote version 9");
    assert!(matches!(error, LogError::Conflict { expected: 9, actual: 3, .. }), "{error}");
    let unknown = script.stream();
    let early = script.tagging(unknown, 1, 1);
    let error = log.append(early).await.expect_err("there is no such stream");
    assert!(matches!(error, LogError::Conflict { actual: 0, by: None, .. }), "{error}");
}

/// Several streams are written all or nothing.
pub async fn a_conflict_in_one_stream_writes_nothing_to_any<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let (one, other) = (script.stream(), script.stream());
    let first = script.tagging(one, 0, 1);
    log.append(first).await.expect("appended");
    let mut both = script.tagging(other, 0, 2);
    let events = script.tags(3);
    both.streams.push(StreamAppend { stream: one, expected_version: 0, events });
    let error = log.append(both.clone()).await.expect_err("too late for one of them");
    assert!(matches!(error, LogError::Conflict { stream, .. } if stream == one), "{error}");
    assert!(log.load(script.tenant, other, 0, 10).await.expect("loaded").is_empty());

    both.streams[1].expected_version = 1;
    let receipt = log.append(both).await.expect("appended");
    assert_eq!((receipt.position, receipt.versions), (6, vec![2, 4]));
    let events = log.load(script.tenant, one, 0, 10).await.expect("loaded");
    assert_eq!(events.iter().map(|it| it.position).collect::<Vec<_>>(), [1, 4, 5, 6]);
}

/// A part without events only checks the version.
pub async fn a_stream_may_be_required_to_stand_still<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let (one, other) = (script.stream(), script.stream());
    let first = script.tagging(one, 0, 1);
    log.append(first).await.expect("appended");
    for (expected_version, fits) in [(0, false), (1, true)] {
        let mut append = script.tagging(other, 0, 1);
        append.streams.push(StreamAppend { stream: one, expected_version, events: Vec::new() });
        assert_eq!(log.append(append).await.is_ok(), fits);
    }
    assert_eq!(log.load(script.tenant, one, 0, 10).await.expect("loaded").len(), 1);
}

/// Commands that only look at a stream go in together, beside one that writes it, and those which
/// come after that one meet a conflict.
pub async fn many_may_look_at_one_stream_until_it_moves<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let seen = script.stream();
    let first = script.tagging(seen, 0, 1);
    log.append(first).await.expect("appended");
    let mut looking = |expected_version: i32| {
        let stream = script.stream();
        let mut append = script.tagging(stream, 0, 1);
        append.streams.push(StreamAppend { stream: seen, expected_version, events: Vec::new() });
        append
    };
    let appends: Vec<_> = (0..12).map(|_| looking(1)).collect();
    let late = looking(1);
    let moved = script.tagging(seen, 1, 1);
    let (before, (written, after)) = futures_util::join!(
        futures_util::future::join_all(appends.into_iter().map(|it| log.append(it))),
        async { futures_util::join!(log.append(moved), log.append(late)) },
    );
    for receipt in before {
        assert_eq!(receipt.expect("nobody has moved it yet").versions, [1, 1]);
    }
    assert_eq!(written.expect("written").versions, [2]);
    let Err(LogError::Conflict { stream, expected: 1, actual: 2, .. }) = after else {
        unreachable!("it has moved: {after:?}")
    };
    assert_eq!(stream, seen);
}

/// A retry has no further effect, whatever happened in between.
pub async fn a_repeated_command_gets_the_same_answer_and_writes_nothing<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    let append = script.tagging(stream, 0, 2);
    log.append(append.clone()).await.expect("appended");
    let next = script.tagging(stream, 2, 1);
    log.append(next).await.expect("appended");
    let again = log.append(append.clone()).await.expect("answered");
    assert_eq!(again, Receipt { position: 2, versions: vec![], repeated: true });
    assert_eq!(log.head().await.expect("head"), 3);
    let answered = log.answered(append.tenant, append.command_id, append.request_hash).await;
    assert_eq!(answered.expect("answered"), Some(2));
}

/// The same id with other content is somebody's mistake.
pub async fn a_command_id_used_for_something_else_is_refused<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    let append = script.tagging(stream, 0, 1);
    log.append(append.clone()).await.expect("appended");
    let mut other = script.tagging(stream, 1, 1);
    other.command_id = append.command_id;
    let answered = log.answered(other.tenant, other.command_id, other.request_hash).await;
    assert!(matches!(answered, Err(LogError::CommandReused(id)) if id == append.command_id));
    let error = log.append(other).await.expect_err("the id is used up");
    assert!(matches!(error, LogError::CommandReused(id) if id == append.command_id), "{error}");
    assert_eq!(log.head().await.expect("head"), 1);
}

/// Who lost a race decides again and sends the same id.
pub async fn a_refused_command_does_not_use_up_its_id<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    let mut append = script.tagging(stream, 3, 1);
    assert!(log.append(append.clone()).await.is_err());
    let answered = log.answered(append.tenant, append.command_id, append.request_hash).await;
    assert_eq!(answered.expect("asked"), None);
    append.streams[0].expected_version = 0;
    assert!(!log.append(append).await.expect("appended").repeated);
}

/// Also such a command is remembered.
pub async fn an_append_without_events_is_answered_with_the_head<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    let first = script.tagging(stream, 0, 4);
    log.append(first).await.expect("appended");
    let nothing = script.command();
    let receipt = log.append(nothing.clone()).await.expect("accepted");
    assert_eq!(receipt, Receipt { position: 4, versions: vec![], repeated: false });
    assert!(log.append(nothing).await.expect("answered").repeated);
}

/// Limits are the caller's to keep; breaking one writes nothing.
pub async fn an_append_beyond_its_limits_is_refused<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    let too_many = script.tagging(stream, 0, EVENTS_MAX + 1);
    let mut twice = script.tagging(stream, 0, 1);
    twice.streams.push(twice.streams[0].clone());
    let mut id_twice = script.tagging(stream, 0, 2);
    id_twice.streams[0].events[1].0 = id_twice.streams[0].events[0].0;
    let negative = script.tagging(stream, -1, 1);
    let misplaced = StreamId { stream_type: StreamType("team"), ..stream };
    let misplaced = script.tagging(misplaced, 0, 1);
    for append in [too_many, twice, id_twice, negative, misplaced] {
        let error = log.append(append).await.expect_err("refused");
        assert!(matches!(error, LogError::OutOfBounds(_)), "{error}");
    }
    assert_eq!(log.head().await.expect("head"), 0);
    let most = script.tagging(stream, 0, EVENTS_MAX);
    assert_eq!(log.append(most).await.expect("appended").position, 1_000);
}

/// An id names one stream, whatever type is asked for.
pub async fn a_stream_id_belongs_to_one_type<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    let append = script.tagging(stream, 0, 1);
    log.append(append).await.expect("appended");
    let other = StreamId { stream_type: StreamType("team"), ..stream };
    assert!(log.load(script.tenant, other, 0, 10).await.expect("loaded").is_empty());
    let mut check = script.command();
    check.streams.push(StreamAppend { stream: other, expected_version: 1, events: Vec::new() });
    let error = log.append(check).await.expect_err("of another type");
    assert!(matches!(error, LogError::OtherType(stream) if stream == other), "{error}");
}

/// Not an error: nothing happened there yet.
pub async fn an_unknown_stream_has_no_events<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    assert!(log.load(script.tenant, stream, 0, 10).await.expect("loaded").is_empty());
    assert!(log.read(0, 10).await.expect("read").is_empty());
    assert_eq!(log.head().await.expect("head"), 0);
}

/// The same ids mean different things to two tenants.
pub async fn tenants_are_apart<L: History>(log: &L) {
    let (mut one, mut other) = (Script::new(1), Script::new(2));
    let stream = one.stream();
    let append = one.tagging(stream, 0, 2);
    log.append(append.clone()).await.expect("appended");
    assert!(log.load(other.tenant, stream, 0, 10).await.expect("loaded").is_empty());
    assert!(log.at_positions(other.tenant, &[1, 2]).await.expect("read").is_empty());
    let id = append.streams[0].events[0].0;
    assert_eq!(log.by_ids(other.tenant, &[id]).await.expect("read"), []);

    let mut same_ids = other.tagging(stream, 0, 1);
    same_ids.command_id = append.command_id;
    let receipt = log.append(same_ids).await.expect("appended");
    assert_eq!((receipt.repeated, receipt.versions), (false, vec![1]));
    assert_eq!(log.load(other.tenant, stream, 0, 10).await.expect("loaded").len(), 1);
    assert_eq!(log.load(one.tenant, stream, 0, 10).await.expect("loaded").len(), 2);
}

/// Readers need not poll.
pub async fn readers_are_told_that_the_log_has_grown<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let mut grown = log.grown();
    assert_eq!(*grown.borrow_and_update(), 0);
    let waiting = tokio::spawn(async move {
        let told = grown.wait_for(|position| *position >= 3).await.map(|position| *position);
        told.expect("the log is there")
    });
    let stream = script.stream();
    let append = script.tagging(stream, 0, 3);
    log.append(append).await.expect("appended");
    let told = tokio::time::timeout(Duration::from_secs(5), waiting).await;
    assert_eq!(told.expect("in time").expect("told"), 3);
}

/// However many write at once: one winner a version, and each loser is told.
pub async fn concurrent_appends_to_one_stream_win_one_by_one<L: Log>(log: &L) {
    let mut script = Script::new(1);
    let stream = script.stream();
    let writers = (2..18).map(|space| {
        let log = log.clone();
        let mut own = Script::new(space);
        own.tenant = script.tenant;
        tokio::spawn(async move {
            let mut won = 0;
            while won < 5 {
                let version = log.load(own.tenant, stream, 0, 1_000).await.expect("loaded").len();
                let version = i32::try_from(version).expect("few");
                let append = own.tagging(stream, version, 1);
                match log.append(append).await {
                    Ok(receipt) => {
                        assert_eq!(receipt.versions, [version + 1]);
                        won += 1;
                    }
                    Err(LogError::Conflict { actual, .. }) => assert!(actual > version),
                    Err(error) => unreachable!("{error}"),
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("all won in the end");
    }
    let events = log.load(script.tenant, stream, 0, 1_000).await.expect("loaded");
    let versions: Vec<_> = events.iter().map(|it| it.version).collect();
    assert_eq!(versions, (1..=80).collect::<Vec<_>>());
    assert_eq!(log.head().await.expect("head"), 80);
}
