//! The rules of a desk: one function for each command.

use std::collections::BTreeSet;

use super::{
    Desk, DeskCommand, DeskEvent, DeskRefusal,
    command::{ChangeSettings, DefineField, Open, RecordExport, RecordKeyRotation, RetireField},
    event::{
        DeskSettings, Exported, FieldDefined, FieldRetired, KeysRotated, Opened, SettingsChanged,
    },
};
use crate::{fields::FieldKind, text::Key};

type Decision = Result<Vec<DeskEvent>, DeskRefusal>;

/// A SHA-256 digest in hexadecimal.
const DIGEST_CHARACTERS: usize = 64;

impl Desk {
    /// Decides what happens if `command` is granted; no events where nothing would change.
    ///
    /// # Errors
    ///
    /// Only ever a [`DeskRefusal`]: a rule said no.
    pub fn decide(&self, command: DeskCommand) -> Decision {
        let Some(settings) = &self.settings else {
            let DeskCommand::Open(command) = command else {
                return Err(DeskRefusal::NoSuchDesk);
            };
            return open(command);
        };
        match command {
            DeskCommand::Open(_) => Err(DeskRefusal::AlreadyOpen),
            DeskCommand::ChangeSettings(command) => change_settings(settings, command),
            DeskCommand::DefineField(command) => self.define_field(command),
            DeskCommand::RetireField(command) => self.retire_field(command),
            DeskCommand::RecordExport(command) => record_export(command),
            DeskCommand::RecordKeyRotation(command) => self.record_key_rotation(&command),
        }
    }

    fn define_field(&self, DefineField { field, kind }: DefineField) -> Decision {
        let before = self.fields.get(&field);
        if before == Some(&kind) {
            return Ok(vec![]);
        }
        // What was set under the old type stays as it was set, also where the field was retired.
        let held = before.map(FieldKind::field_type).or(self.retired.get(&field).copied());
        let asked = kind.field_type();
        if let Some(held) = held.filter(|held| *held != asked) {
            return Err(DeskRefusal::FieldTypeFixed { field, held, asked });
        }
        if before.is_none() && self.fields.len() >= Self::FIELDS_MAX {
            return Err(DeskRefusal::TooManyFields { fields_max: Self::FIELDS_MAX });
        }
        if let FieldKind::Choice { choices } = &kind {
            check_choices(choices)?;
        }
        Ok(vec![DeskEvent::FieldDefined(FieldDefined { field, kind })])
    }

    fn retire_field(&self, RetireField { field }: RetireField) -> Decision {
        if self.fields.contains_key(&field) {
            Ok(vec![DeskEvent::FieldRetired(FieldRetired { field })])
        } else {
            Err(DeskRefusal::NoSuchField { field })
        }
    }

    fn record_key_rotation(
        &self,
        &RecordKeyRotation { generation }: &RecordKeyRotation,
    ) -> Decision {
        let newest = self.key_generation;
        if generation < newest {
            return Err(DeskRefusal::OlderKey { generation, newest });
        }
        if generation == newest {
            return Ok(vec![]);
        }
        Ok(vec![DeskEvent::KeysRotated(KeysRotated { generation })])
    }
}

fn open(Open { settings }: Open) -> Decision {
    check_settings(&settings)?;
    Ok(vec![DeskEvent::Opened(Opened { settings })])
}

fn change_settings(before: &DeskSettings, ChangeSettings { settings }: ChangeSettings) -> Decision {
    check_settings(&settings)?;
    if *before == settings {
        return Ok(vec![]);
    }
    Ok(vec![DeskEvent::SettingsChanged(SettingsChanged { settings })])
}

fn check_settings(settings: &DeskSettings) -> Result<(), DeskRefusal> {
    let hours = settings.reopen_within_hours;
    let hours_max = Desk::REOPEN_WITHIN_HOURS_MAX;
    if hours > hours_max {
        return Err(DeskRefusal::ReopenWindowTooLong { hours, hours_max });
    }
    Ok(())
}

fn check_choices(choices: &[Key]) -> Result<(), DeskRefusal> {
    if choices.is_empty() {
        return Err(DeskRefusal::NoChoices);
    }
    let choices_max = Desk::CHOICES_MAX;
    if choices.len() > choices_max {
        return Err(DeskRefusal::TooManyChoices { choices: choices.len(), choices_max });
    }
    let mut seen = BTreeSet::new();
    match choices.iter().find(|choice| !seen.insert(*choice)) {
        Some(choice) => Err(DeskRefusal::ChoiceTwice { choice: choice.clone() }),
        None => Ok(()),
    }
}

fn record_export(command: RecordExport) -> Decision {
    let RecordExport { form, from_position, to_position, events, manifest_sha256 } = command;
    if !["auditor", "analyst", "features"].contains(&form.as_str()) {
        return Err(DeskRefusal::UnknownExportForm { form });
    }
    if from_position < 0 || to_position < from_position {
        return Err(DeskRefusal::NotARange { from_position, to_position });
    }
    let digest = manifest_sha256;
    let hexadecimal = digest.as_str().chars().all(|it| it.is_ascii_hexdigit());
    if !hexadecimal || digest.as_str().len() != DIGEST_CHARACTERS {
        return Err(DeskRefusal::NotADigest { digest });
    }
    Ok(vec![DeskEvent::Exported(Exported {
        form: form.into(),
        from_position,
        to_position,
        events,
        manifest_sha256: digest.into(),
    })])
}
