//! The file holds what the definition of features says of a log that was cut at the moment.

use std::{collections::HashMap, fs::File};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use allhours_domain::{
    catalogue::AnyEvent,
    conversation::ConversationEvent,
    customer::{
        Customer, CustomerEvent,
        command::{MergeInto, ReceiveMerge},
        event::MergeUndone,
    },
    features::{CustomerHistory, Fact, features},
    ids::{ConversationId, CustomerId},
};
use allhours_eventstore::{keys::MasterKey, memory::MemoryLog, recorded::Recorded};
use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::Float64Type;

use uuid::Uuid;

use super::*;
use crate::{demo, desk::CommandContext, tenant::tenant_id};

/// The profile that went on in place of this one.
fn goes_on(merged: &HashMap<CustomerId, CustomerId>, mut profile: CustomerId) -> CustomerId {
    while let Some(target) = merged.get(&profile) {
        profile = *target;
    }
    profile
}

/// The history of each person, by another way than the projection's: all facts first, those of
/// merged profiles among those of the one that went on, which alone says how they are served.
fn histories(events: &[Recorded], moment: Moment) -> HashMap<CustomerId, CustomerHistory> {
    let cut: Vec<(&Recorded, AnyEvent)> = events
        .iter()
        .filter(|event| event.position <= moment.position)
        .map(|event| (event, event.event().unwrap()))
        .collect();
    let (mut owners, mut merged) = (HashMap::new(), HashMap::new());
    for (recorded, event) in &cut {
        match event {
            AnyEvent::Conversation(ConversationEvent::Opened(opened)) => {
                owners.insert(recorded.stream.id, opened.customer);
            }
            AnyEvent::Customer(CustomerEvent::MergedInto(event)) => {
                merged.insert(CustomerId(recorded.stream.id), event.target);
            }
            AnyEvent::Customer(CustomerEvent::Unmerged(_)) => {
                merged.remove(&CustomerId(recorded.stream.id));
            }
            _ => {}
        }
    }
    let silent = CustomerEvent::from(MergeUndone { source: CustomerId(Uuid::nil()) });
    let mut facts: HashMap<CustomerId, Vec<(Fact<'_>, Timestamp)>> = HashMap::new();
    for (recorded, event) in &cut {
        let (id, at) = (recorded.stream.id, recorded.occurred_at);
        match event {
            AnyEvent::Customer(event) => {
                let person = goes_on(&merged, CustomerId(id));
                let event = if person.0 == id { event } else { &silent };
                facts.entry(person).or_default().push((Fact::Customer(event), at));
            }
            AnyEvent::Conversation(event) => {
                let fact = Fact::Conversation(ConversationId(id), event);
                facts.entry(goes_on(&merged, owners[&id])).or_default().push((fact, at));
            }
            AnyEvent::Agent(_)
            | AnyEvent::Article(_)
            | AnyEvent::Desk(_)
            | AnyEvent::Identity(_)
            | AnyEvent::Intake(_)
            | AnyEvent::Team(_) => {}
        }
    }
    facts.into_iter().map(|(id, facts)| (id, CustomerHistory::until(facts, moment.at))).collect()
}

/// The rows of a file: who, and the numbers.
fn read(path: &Path) -> HashMap<String, Vec<Option<f64>>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let mut rows = HashMap::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            let number = |column: usize| {
                let column = batch.column(column).as_primitive::<Float64Type>();
                column.is_valid(row).then(|| column.value(row))
            };
            let numbers = (2..batch.num_columns()).map(number).collect();
            rows.insert(batch.column(0).as_string::<i32>().value(row).to_owned(), numbers);
        }
    }
    rows
}

/// Two customers turn out to be a third one, one after the other.
async fn merge_three(desk: &Desk<MemoryLog>, tenant: TenantId) {
    let events = desk.log().read(0, 10_000).await.unwrap();
    let identified = events.iter().filter(|event| event.name == "customer.identified");
    let ids: Vec<CustomerId> = identified.map(|event| CustomerId(event.stream.id)).collect();
    let actor = allhours_domain::actor::Actor::System("test".to_owned());
    for (source, target) in [(ids[0], ids[1]), (ids[1], ids[2])] {
        let context = CommandContext::now(tenant, actor.clone());
        let unit = desk.unit(&context).with::<Customer>(target, ReceiveMerge { source });
        unit.with::<Customer>(source, MergeInto { target }).commit().await.unwrap();
    }
}

#[tokio::test]
async fn each_row_is_what_the_definition_says_of_the_log_as_it_was() {
    let desk = Desk::new(MemoryLog::new(MasterKey::generate().unwrap()));
    demo::make(&desk).await.unwrap();
    let tenant = tenant_id("demo");
    merge_three(&desk, tenant).await;
    let events = desk.log().read(0, 10_000).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut counts, mut persons) = (Vec::new(), Vec::new());
    for position in [events.len() / 2, events.len()] {
        let at = events[position - 1].recorded_at;
        let moment = Moment { at, position: i64::try_from(position).unwrap() };
        let then = past::at(desk.log(), tenant, moment.position, at, &|_| {}).await.unwrap();
        let (rows, left_out) = super::rows(&then, &Later::default(), at).unwrap();
        let path = folder.path().join(TABLE);
        table::write(File::create(&path).unwrap(), at, &rows).unwrap();
        let read = read(&path);
        let expected = histories(&events, moment);
        let usable = expected.iter().filter(|(_, history)| history.may_be_used());
        assert_eq!(read.len(), usable.clone().count());
        assert_eq!(usize::try_from(left_out).unwrap(), expected.len() - read.len());
        persons.push((then.rows.len(), expected.len()));
        for (customer, history) in usable {
            let values = features(history, at).unwrap().values();
            let values: Vec<Option<f64>> =
                values.into_iter().map(|it| (!it.is_nan()).then_some(it)).collect();
            assert_eq!(read[&customer.to_string()], values, "{customer} at {position}");
        }
        counts.push(read.values().filter_map(|numbers| numbers[1]).sum::<f64>());
    }
    assert!(counts[0] < counts[1], "more was written later: {counts:?}");
    assert_eq!(persons[0].0, persons[0].1, "nobody was merged yet");
    assert_eq!(persons[1].0, persons[1].1 + 2, "three profiles are one person");
}
