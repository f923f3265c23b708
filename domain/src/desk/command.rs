//! What can be asked of a tenant's desk.

use super::event::DeskSettings;
use crate::{decider::commands, fields::FieldKind, text::Key};

commands! {
    /// Something asked of a desk.
    DeskCommand;
    /// Opens it.
    Open {
        /// How it works.
        settings: DeskSettings,
    }
    /// Changes how it works.
    ChangeSettings {
        /// All settings from now on; `reopen_within_hours` at most 8,760.
        settings: DeskSettings,
    }
    /// Defines a custom field; at most 200.
    DefineField {
        /// Which.
        field: Key,
        /// What it takes; at most 200 choices.
        kind: FieldKind,
    }
    /// Ends the use of a custom field.
    RetireField {
        /// Which.
        field: Key,
    }
    /// Records that a part of the log was taken out.
    RecordExport {
        /// For whom: `auditor`, `analyst` or `features`.
        form: Key,
        /// From this position on.
        from_position: i64,
        /// Up to this position.
        to_position: i64,
        /// How many events; of features, how many customers.
        events: u64,
        /// SHA-256 of the manifest, in hexadecimal.
        manifest_sha256: Key,
    }
    /// Records that the tenant's key was renewed.
    RecordKeyRotation {
        /// The number of the new key.
        generation: i32,
    }
}
