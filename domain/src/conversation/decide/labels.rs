//! Priority, tier, tags and custom fields.

use super::{Conversation, ConversationRefusal, Decision};
use crate::{
    conversation::{
        FIELDS_MAX, TAGS_MAX,
        command::{AddTag, AssignTier, RemoveTag, SetField, SetPriority},
        event::{FieldSet, PriorityChanged, Tagged, TierAssigned, Untagged},
    },
    fields::{FieldInput, FieldKind, FieldValue},
    ids::CustomerId,
    personal::Personal,
    text::Key,
};

impl Conversation {
    pub(super) fn set_priority(&self, command: &SetPriority) -> Decision {
        self.must_be_live()?;
        let to = command.priority;
        match self.priority {
            Some(from) if from != to => Ok(vec![PriorityChanged { from, to }.into()]),
            Some(_) | None => Ok(vec![]),
        }
    }

    pub(super) fn assign_tier(&self, command: &AssignTier) -> Decision {
        self.must_be_live()?;
        let to = command.tier;
        match self.tier {
            Some(from) if from != to => Ok(vec![TierAssigned { from, to }.into()]),
            Some(_) | None => Ok(vec![]),
        }
    }

    pub(super) fn add_tag(&self, command: AddTag) -> Decision {
        self.must_be_live()?;
        let AddTag { tag } = command;
        if self.tags.contains(&tag) {
            return Ok(vec![]);
        }
        if self.tags.len() >= TAGS_MAX {
            return Err(ConversationRefusal::TooManyTags { tags_max: TAGS_MAX });
        }
        Ok(vec![Tagged { tag }.into()])
    }

    pub(super) fn remove_tag(&self, command: RemoveTag) -> Decision {
        self.must_be_live()?;
        let RemoveTag { tag } = command;
        if !self.tags.contains(&tag) {
            return Ok(vec![]);
        }
        Ok(vec![Untagged { tag }.into()])
    }

    pub(super) fn decide_field(&self, command: SetField) -> Decision {
        let origin = self.must_be_live()?;
        let SetField { field, kind, value } = command;
        let Some(input) = value else {
            return self.cleared(field, kind.as_ref());
        };
        must_fit(&field, kind.as_ref(), &input)?;
        let value = held_as(input, origin.customer);
        let held = self.fields.get(&field);
        if held.is_some_and(|held| held.as_ref() == Some(&value)) {
            return Ok(vec![]);
        }
        if held.is_none() && self.fields.len() >= FIELDS_MAX {
            return Err(ConversationRefusal::TooManyFields { fields_max: FIELDS_MAX });
        }
        Ok(vec![FieldSet { field, value: Some(value) }.into()])
    }

    /// Also a field that the desk no longer defines can be cleared, where it holds something.
    fn cleared(&self, field: Key, kind: Option<&FieldKind>) -> Decision {
        if self.fields.contains_key(&field) {
            return Ok(vec![FieldSet { field, value: None }.into()]);
        }
        match kind {
            Some(_) => Ok(vec![]),
            None => Err(ConversationRefusal::UnknownField { field }),
        }
    }
}

fn must_fit(
    field: &Key,
    kind: Option<&FieldKind>,
    input: &FieldInput,
) -> Result<(), ConversationRefusal> {
    match kind {
        None => Err(ConversationRefusal::UnknownField { field: field.clone() }),
        Some(kind) if kind.takes(input) => Ok(()),
        Some(_) => Err(ConversationRefusal::WrongKind { field: field.clone() }),
    }
}

fn held_as(input: FieldInput, customer: CustomerId) -> FieldValue {
    match input {
        FieldInput::Text(text) => FieldValue::Text(Personal::about(customer, text)),
        FieldInput::Integer(number) => FieldValue::Integer(number),
        FieldInput::Boolean(yes) => FieldValue::Boolean(yes),
        FieldInput::Date(day) => FieldValue::Date(day),
        FieldInput::Choice(choice) => FieldValue::Choice(choice),
    }
}
