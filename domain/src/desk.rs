//! A tenant's desk: its settings, custom fields, exports and keys.
//!
//! Read `command`, then `event`, then `decide`. [`Desk`] holds only what the rules need
//! to know and what every other rule asks of the desk: its settings and fields.

mod aggregate;
pub mod command;
mod decide;
pub mod event;
mod refusal;
#[cfg(test)]
mod tests;
pub mod upcast;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::event::DeskSettings;
pub use self::{command::DeskCommand, event::DeskEvent, refusal::DeskRefusal};
use crate::{
    fields::{FieldKind, FieldType},
    text::Key,
};

/// What past events say about one tenant's desk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    settings: Option<DeskSettings>,
    fields: BTreeMap<Key, FieldKind>,
    /// What the fields that are no longer used took last: what was set in them still stands.
    retired: BTreeMap<Key, FieldType>,
    key_generation: i32,
}

impl Desk {
    /// The longest time in which a message may reopen a conversation: a year.
    pub const REOPEN_WITHIN_HOURS_MAX: u32 = 8_760;
    /// The most custom fields in use at once.
    pub const FIELDS_MAX: usize = 200;
    /// The most words that one field may offer.
    pub const CHOICES_MAX: usize = 200;

    /// Folds one event into the state.
    pub fn evolve(&mut self, event: &DeskEvent) {
        match event {
            DeskEvent::Opened(event) => self.settings = Some(event.settings.clone()),
            DeskEvent::SettingsChanged(event) => self.settings = Some(event.settings.clone()),
            DeskEvent::FieldDefined(event) => {
                self.retired.remove(&event.field);
                self.fields.insert(event.field.clone(), event.kind.clone());
            }
            DeskEvent::FieldRetired(event) => {
                if let Some(kind) = self.fields.remove(&event.field) {
                    self.retired.insert(event.field.clone(), kind.field_type());
                }
            }
            DeskEvent::Exported(_) => {}
            DeskEvent::KeysRotated(event) => self.key_generation = event.generation,
        }
    }

    /// How it works; none before it is opened.
    #[must_use]
    pub fn settings(&self) -> Option<&DeskSettings> {
        self.settings.as_ref()
    }

    /// What a custom field takes; none where no such field is in use.
    #[must_use]
    pub fn field(&self, field: &Key) -> Option<&FieldKind> {
        self.fields.get(field)
    }

    /// Every custom field in use, by key.
    #[must_use]
    pub fn fields(&self) -> &BTreeMap<Key, FieldKind> {
        &self.fields
    }

    /// The number of the newest key that was recorded; 0 before the first renewal.
    #[must_use]
    pub fn key_generation(&self) -> i32 {
        self.key_generation
    }
}
