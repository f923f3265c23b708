//! What is true of every aggregate, whatever was asked of it. Tests only.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    catalogue::AnyEvent,
    decider::{Decider, StoredEvent},
};

/// Asks for `commands` in turn, and checks after each that
///
/// - deciding leaves the state alone, and decides the same a second time;
/// - every event reads back from its stored form, sealed or not;
/// - what was granted and is asked again changes nothing, unless `always_records` it;
/// - the state folds the same from the events as the log stores them, and reads back itself.
pub fn obeys_the_laws<D>(commands: Vec<D::Command>, always_records: fn(&D::Command) -> bool) -> D
where
    D: Decider + PartialEq + Debug + Serialize + DeserializeOwned,
    D::Command: Debug,
    D::Event: PartialEq + Debug + Into<AnyEvent>,
{
    let (mut state, mut sealed_state) = (D::default(), D::default());
    for command in commands {
        let before = state.clone();
        let decision = state.decide(command.clone());
        assert_eq!(state, before, "{command:?} leaves the state alone");
        assert_eq!(decision, state.decide(command.clone()), "{command:?} decides the same twice");
        for event in decision.clone().unwrap_or_default() {
            sealed_state.evolve(&as_stored(&event));
            state.evolve(&event);
        }
        if decision.is_ok() && !always_records(&command) {
            let again = state.decide(command.clone()).unwrap_or_default();
            assert_eq!(again, vec![], "{command:?} asked again changes nothing");
        }
        assert_eq!(sealed_state, state, "after {command:?} rules see sealed events as open ones");
    }
    let stored = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<D>(&stored).unwrap(), state, "the state reads back");
    state
}

/// Stores an event and reads it back; the answer is the event with its texts sealed.
fn as_stored<E: StoredEvent + PartialEq + Debug + Into<AnyEvent>>(event: &E) -> E {
    let kind = event.kind();
    let mut payload = event.to_payload().unwrap();
    let read = E::from_payload(kind.name, &payload.to_string()).unwrap().unwrap();
    assert_eq!(&read, event, "{} reads back", kind.name);
    seal(&mut payload);
    let sealed = E::from_payload(kind.name, &payload.to_string()).unwrap().unwrap();
    let any = AnyEvent::read(kind.name, kind.version, &payload.to_string()).unwrap();
    assert_eq!(any, sealed.clone().into(), "{} is found by its name", kind.name);
    assert_eq!(sealed.to_payload().unwrap(), payload, "{} is stored as it was read", kind.name);
    sealed
}

fn seal(value: &mut Value) {
    match value {
        Value::Object(fields) if fields.contains_key("$subject") => {
            assert!(fields.remove("text").is_some(), "only readable text is decided");
            fields.insert("sealed".to_owned(), json!("0".repeat(64)));
        }
        Value::Object(fields) => fields.values_mut().for_each(seal),
        Value::Array(items) => items.iter_mut().for_each(seal),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
