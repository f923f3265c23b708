//! How the desk works: its settings and custom fields.

use allhours_domain::{desk::Desk as DeskState, fields::FieldKind as Kinds};
use async_graphql::{Context, Enum, ID, Result, SimpleObject};

use super::{
    error::of_log,
    id::Kind,
    scalars::{Language, count},
    services::Services,
    viewer::Viewer,
};

/// What kind of value a custom field takes.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Free text; personal.
    Text,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// A calendar day.
    Date,
    /// One of the desk's own words.
    Choice,
}

/// A custom field that the desk defines.
#[derive(Debug, SimpleObject)]
pub struct FieldDefinition {
    /// Its key.
    pub field: String,
    /// What it takes.
    pub kind: FieldKind,
    /// The words that may be chosen, of a choice.
    pub choices: Vec<String>,
}

/// How the desk works.
#[derive(Debug, SimpleObject)]
pub struct Desk {
    /// The global id.
    pub id: ID,
    /// The version of its stream, for `expectedVersion`.
    pub version: i32,
    /// What the desk is called.
    pub name: String,
    /// In which language it answers where nothing else is known.
    pub default_language: Language,
    /// How long after resolving a customer's message still reopens a conversation.
    pub reopen_within_hours: i32,
    /// Its custom fields.
    pub fields: Vec<FieldDefinition>,
}

impl Desk {
    /// The viewer's desk; none while it is not opened.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn read(ctx: &Context<'_>) -> Result<Option<Self>> {
        let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
        let folded = services.desk.load::<DeskState>(viewer.tenant, viewer.tenant.0).await;
        let folded = folded.map_err(|error| of_log(&error))?;
        let field = |(key, kind): (&allhours_domain::text::Key, &Kinds)| {
            let (kind, choices) = match kind {
                Kinds::Text => (FieldKind::Text, Vec::new()),
                Kinds::Integer => (FieldKind::Integer, Vec::new()),
                Kinds::Boolean => (FieldKind::Boolean, Vec::new()),
                Kinds::Date => (FieldKind::Date, Vec::new()),
                Kinds::Choice { choices } => {
                    (FieldKind::Choice, choices.iter().map(ToString::to_string).collect())
                }
            };
            FieldDefinition { field: key.to_string(), kind, choices }
        };
        Ok(folded.state.settings().map(|settings| Self {
            id: Kind::Desk.id(viewer.tenant.0),
            version: folded.version,
            name: settings.name.to_string(),
            default_language: Language(settings.default_language.clone()),
            reopen_within_hours: count(settings.reopen_within_hours),
            fields: folded.state.fields().iter().map(field).collect(),
        }))
    }
}
