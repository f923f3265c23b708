//! Who turns out to be whom at a random desk.

use allhours_domain::{customer::command as customer, ids::CustomerId};

use super::{Chance, Desk, Part, ask};

impl Desk {
    /// Merges a customer's profile into another one, or lets it go again now and then.
    pub(super) fn person(&mut self, chance: &mut Chance) -> Vec<Part> {
        let count = self.customers.len();
        let source = chance.below(count.min(8));
        let mut from = self.customers[source].clone();
        let merged = from.state.merged_into();
        if merged.is_some() && chance.below(3) > 0 {
            return vec![];
        }
        let target = match merged {
            Some(target) => self.customers.iter().position(|held| held.id == target.0),
            None => Some(chance.below(count.min(4))),
        };
        let Some(target) = target.filter(|target| *target != source) else { return vec![] };
        let mut into = self.customers[target].clone();
        let (from_id, into_id) = (CustomerId(from.id), CustomerId(into.id));
        let parts = if merged.is_some() {
            ask(&mut into, customer::UndoMerge { source: from_id })
                .zip(ask(&mut from, customer::Unmerge {}))
        } else {
            ask(&mut into, customer::ReceiveMerge { source: from_id })
                .zip(ask(&mut from, customer::MergeInto { target: into_id }))
        };
        let Some((one, other)) = parts else { return vec![] };
        self.customers[source] = from;
        self.customers[target] = into;
        vec![one, other]
    }
}
