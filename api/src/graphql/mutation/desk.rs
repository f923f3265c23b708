//! The desk's settings and custom fields.

use allhours_domain::{
    desk::{Desk as Aggregate, command, event::DeskSettings},
    fields::FieldKind as DomainKind,
    text::{Key, Name},
};

use crate::graphql::{
    call::{Call, Granted, Problem, checked},
    desk::{Desk, FieldKind},
    payload::{code_meaning, mutations},
    scalars::Language,
};

async fn on(call: &Call<'_>, command: impl Into<command::DeskCommand>) -> Granted<Desk> {
    let done = call.execute::<Aggregate>(call.viewer.tenant.0, command).await?;
    let desk = Desk::read(call.ctx).await?;
    let none = || Problem::user("NOT_FOUND", "the desk is not open", None);
    Ok((done, desk.ok_or_else(none)?))
}

fn settings(name: String, language: Language, hours: i32) -> Result<DeskSettings, Problem> {
    let negative = |_| {
        let field = Some("reopenWithinHours");
        Problem::user("INVALID_INPUT", "reopenWithinHours is not negative", field)
    };
    Ok(DeskSettings {
        name: checked("name", Name::new(name))?,
        default_language: language.0,
        reopen_within_hours: u32::try_from(hours).map_err(negative)?,
    })
}

mutations! {
    /// The desk.
    DeskMutations;

    /// Opens the tenant's desk.
    desk_open DeskOpen -> desk: Desk,
    input {
        /// What the desk is called.
        name: String,
        /// In which language it answers where nothing else is known.
        default_language: Language,
        /// How long after resolving a customer's message still reopens; at most 8,760.
        reopen_within_hours: i32,
    },
    refuses { AlreadyOpen, ReopenWindowTooLong },
    |call, input| {
        let settings = settings(input.name, input.default_language, input.reopen_within_hours)?;
        on(call, command::Open { settings }).await
    }

    /// Changes how the desk works; the whole new state of all settings.
    desk_change_settings DeskChangeSettings -> desk: Desk,
    input {
        /// What the desk is called.
        name: String,
        /// In which language it answers where nothing else is known.
        default_language: Language,
        /// How long after resolving a customer's message still reopens; at most 8,760.
        reopen_within_hours: i32,
    },
    refuses { ReopenWindowTooLong },
    |call, input| {
        let settings = settings(input.name, input.default_language, input.reopen_within_hours)?;
        on(call, command::ChangeSettings { settings }).await
    }

    /// Defines a custom field or changes its choices. Its type stays for good.
    field_define FieldDefine -> desk: Desk,
    input {
        /// Its key: 1 to 64 lower case letters, digits and `-`, `_`, `.`, `:`.
        field: String,
        /// What it takes.
        kind: FieldKind,
        /// The words that may be chosen, of a choice; at most 200.
        #[graphql(default)]
        choices: Vec<String>,
    },
    refuses { ChoiceTwice, FieldTypeFixed, NoChoices, TooManyChoices, TooManyFields },
    |call, input| {
        let field = checked("field", Key::new(input.field))?;
        if input.kind != FieldKind::Choice && !input.choices.is_empty() {
            let message = "only a choice has choices";
            return Err(Problem::user("INVALID_INPUT", message, Some("choices")));
        }
        let kind = match input.kind {
            FieldKind::Text => DomainKind::Text,
            FieldKind::Integer => DomainKind::Integer,
            FieldKind::Boolean => DomainKind::Boolean,
            FieldKind::Date => DomainKind::Date,
            FieldKind::Choice => {
                let choices = input.choices.into_iter().map(Key::new).collect();
                DomainKind::Choice { choices: checked("choices", choices)? }
            }
        };
        on(call, command::DefineField { field, kind }).await
    }

    /// Ends the use of a custom field.
    field_retire FieldRetire -> desk: Desk,
    input {
        /// Its key.
        field: String,
    },
    refuses { NoSuchField },
    |call, input| {
        let field = checked("field", Key::new(input.field))?;
        on(call, command::RetireField { field }).await
    }
}
