//! Opening the texts of a page of events: what is needed, then all at once.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use allhours_domain::ids::{SubjectId, TenantId};
use serde_json::Value;

use crate::{
    canonical,
    error::LogError,
    keys::keyring::Held,
    recorded::{Position, Recorded},
    texts::{self, Unopened},
};

/// The ciphertexts of a page, with the generation of the key, by position and ordinal.
pub(crate) type Ciphertexts = HashMap<(Position, i16), (i16, Arc<[u8]>)>;

/// A page of events whose texts are to be opened.
pub(crate) struct Opening {
    events: Vec<Recorded>,
    /// The payload of each event that names texts.
    payloads: Vec<Option<Value>>,
    /// The texts named.
    pub wanted: Vec<Wanted>,
}

/// A text that is to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub tenant: TenantId,
    pub subject: SubjectId,
    pub position: Position,
    pub field: i16,
}

impl Opening {
    /// Finds out what these events name.
    pub(crate) fn of(events: Vec<Recorded>) -> Result<Self, LogError> {
        let mut payloads = Vec::with_capacity(events.len());
        let mut wanted = Vec::new();
        for event in &events {
            if !texts::may_hold_texts(&event.payload) {
                payloads.push(None);
                continue;
            }
            let (tenant, position) = (event.tenant, event.position);
            let unreadable = || LogError::Inconsistent { position, column: "payload" };
            let mut payload: Value =
                serde_json::from_str(&event.payload).map_err(|_| unreadable())?;
            let named = texts::named(&mut payload).ok_or_else(unreadable)?;
            wanted.extend(named.iter().map(|it| Wanted {
                tenant,
                subject: it.subject,
                position,
                field: it.field,
            }));
            payloads.push((!named.is_empty()).then_some(payload));
        }
        Ok(Self { events, payloads, wanted })
    }

    /// Whose keys are needed.
    pub(crate) fn subjects(&self) -> HashSet<(TenantId, SubjectId)> {
        self.wanted.iter().map(|it| (it.tenant, it.subject)).collect()
    }

    /// Puts the texts into the payloads. What is not in `ciphertexts`, or has no key any
    /// more, was forgotten.
    pub(crate) fn finish(
        self,
        ciphertexts: &Ciphertexts,
        keys: &HashMap<(TenantId, SubjectId), Held>,
    ) -> Result<Vec<Recorded>, LogError> {
        let mut events = self.events;
        for (event, payload) in events.iter_mut().zip(self.payloads) {
            let Some(mut payload) = payload else { continue };
            let position = event.position;
            texts::open(
                event.tenant,
                event.event_id,
                &mut payload,
                |_, field| ciphertexts.get(&(position, field)).cloned(),
                |subject| keys.get(&(event.tenant, subject)).cloned().unwrap_or(Held::Gone),
            )
            .map_err(|why| match why {
                Unopened::Altered => LogError::Inconsistent { position, column: "sealed" },
                Unopened::Key => LogError::Key("does not fit: a subject's key opens no text of it"),
            })?;
            event.payload = canonical::canonical_text(&payload)
                .or_else(|_| serde_json::to_string(&payload))
                .map_err(|_| LogError::Inconsistent { position, column: "payload" })?;
        }
        Ok(events)
    }
}
