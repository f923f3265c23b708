//! What has happened to a tenant's desk: its settings, fields, exports and keys.

use serde::{Deserialize, Serialize};

use crate::{
    decider::{events, shapes},
    fields::FieldKind,
    text::{Key, Language, Name},
};

events! {
    /// A fact about one tenant's desk.
    pub enum DeskEvent, upcast = super::upcast::upcast {
        #[doc = "A tenant's desk was opened."]
        Opened = "desk.opened", 1;
        #[doc = "Its settings changed; the whole new state of all of them."]
        SettingsChanged = "desk.settings_changed", 1;
        #[doc = "A custom field was defined or its choices changed; once, its type might as well."]
        FieldDefined = "desk.field_defined", 1;
        #[doc = "A custom field is no longer used."]
        FieldRetired = "desk.field_retired", 1;
        #[doc = "Somebody took a part of the log out as a file."]
        Exported = "desk.exported", 1;
        #[doc = "The tenant's key was renewed and every subject's key wrapped again."]
        KeysRotated = "desk.keys_rotated", 1;
    }
}

/// How a desk works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskSettings {
    /// What the desk is called.
    pub name: Name,
    /// In which language it answers where nothing else is known.
    pub default_language: Language,
    /// How long after resolving a customer's message still reopens a conversation.
    pub reopen_within_hours: u32,
}

shapes! {
    /// A desk was opened.
    Opened {
        /// How it works.
        settings: DeskSettings,
    }
    /// The settings changed.
    SettingsChanged {
        /// All of them, from now on.
        settings: DeskSettings,
    }
    /// A custom field was defined.
    FieldDefined {
        /// Which.
        field: Key,
        /// What it takes.
        kind: FieldKind,
    }
    /// A custom field is no longer used.
    FieldRetired {
        /// Which.
        field: Key,
    }
    /// A part of the log was taken out.
    Exported {
        /// For whom: `auditor`, `analyst` or `features`.
        form: String,
        /// From this position on.
        from_position: i64,
        /// Up to this position.
        to_position: i64,
        /// How many events.
        events: u64,
        /// SHA-256 of the manifest, in hexadecimal.
        manifest_sha256: String,
    }
    /// The tenant's key was renewed.
    KeysRotated {
        /// The number of the new key.
        generation: i32,
    }
}
