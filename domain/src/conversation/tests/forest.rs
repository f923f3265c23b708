//! Merges of several conversations, both sides together, as callers carry them out.

use proptest::prelude::*;

use super::*;
use crate::decider::Decider;

const CONVERSATIONS: usize = 5;

#[derive(Debug, Clone)]
enum Move {
    Merge(usize, usize),
    Unmerge(usize),
    Write(usize),
    Resolve(usize),
    Close(usize),
}

struct Desk(Vec<Conversation>);

fn merge(target: ConversationId) -> command::MergeInto {
    command::MergeInto { target, target_customer: CUSTOMER, one_person: false }
}

impl Desk {
    fn opened() -> Self {
        let open_one = |index| {
            let command = command::Open { id: id(index), ..open() };
            let mut conversation = Conversation::default();
            carry_out(&mut conversation, command.into()).expect("a new one opens");
            conversation
        };
        Self((0..CONVERSATIONS).map(open_one).collect())
    }

    /// Both sides, all or nothing.
    fn play(&mut self, number: u128, play: &Move) {
        let granted = match *play {
            Move::Merge(source, target) => self.both(
                (source, merge(id(target))),
                (
                    target,
                    command::ReceiveMerge {
                        source: id(source),
                        awaits_reply: self.0[source].awaits_reply(),
                    },
                ),
            ),
            Move::Unmerge(source) => match self.target_of(source) {
                Some(target) => self.both(
                    (source, command::Unmerge {}),
                    (target, command::UndoMerge { source: id(source) }),
                ),
                None => self.one(source, command::Unmerge {}),
            },
            Move::Write(index) => self.one(index, write(number, 0)),
            Move::Resolve(index) => {
                self.one(index, command::Resolve { kind: ResolutionKind::Assumed, at: at(0) })
            }
            Move::Close(index) => self.one(index, command::Close {}),
        };
        if let Some(desk) = granted {
            *self = desk;
        }
    }

    fn one(&self, index: usize, command: impl Into<ConversationCommand>) -> Option<Self> {
        let mut desk = Self(self.0.clone());
        carry_out(&mut desk.0[index], command.into()).ok()?;
        Some(desk)
    }

    fn both(
        &self,
        (first, asked): (usize, impl Into<ConversationCommand>),
        (second, asked_too): (usize, impl Into<ConversationCommand>),
    ) -> Option<Self> {
        self.one(first, asked)?.one(second, asked_too)
    }

    fn target_of(&self, source: usize) -> Option<usize> {
        let target = self.0[source].merged_into()?;
        (0..CONVERSATIONS).find(|index| id(*index) == target)
    }

    /// Where messages for `index` go; none where merges form a circle.
    fn goes_on_at(&self, index: usize) -> Option<usize> {
        let mut here = index;
        for _ in 0..=CONVERSATIONS {
            match self.target_of(here) {
                Some(target) => here = target,
                None => return Some(here),
            }
        }
        None
    }
}

fn id(index: usize) -> ConversationId {
    ConversationId(Uuid::from_u128(0x1001 + index as u128))
}

fn carry_out(
    conversation: &mut Conversation,
    command: ConversationCommand,
) -> Result<(), ConversationRefusal> {
    conversation.decide(command)?.iter().for_each(|event| conversation.evolve(event));
    Ok(())
}

fn any_move() -> impl Strategy<Value = Move> {
    let one = || 0..CONVERSATIONS;
    prop_oneof![
        6 => (one(), one()).prop_map(|(source, target)| Move::Merge(source, target)),
        3 => one().prop_map(Move::Unmerge),
        1 => one().prop_map(Move::Write),
        1 => one().prop_map(Move::Resolve),
        1 => one().prop_map(Move::Close),
    ]
}

proptest! {
    #[test]
    fn following_merges_always_ends_where_messages_are_taken(
        moves in prop::collection::vec(any_move(), 0..60),
    ) {
        let mut desk = Desk::opened();
        for (number, play) in (0..).zip(&moves) {
            desk.play(number, play);
            for index in 0..CONVERSATIONS {
                let end = desk.goes_on_at(index).expect("merges form no circle");
                prop_assert_eq!(desk.0[end].merged_into(), None);
            }
        }
    }

    #[test]
    fn both_sides_of_every_merge_know_of_it(
        moves in prop::collection::vec(any_move(), 0..60),
    ) {
        let mut desk = Desk::opened();
        for (number, play) in (0..).zip(&moves) {
            desk.play(number, play);
            let pairs = (0..CONVERSATIONS).flat_map(|a| (0..CONVERSATIONS).map(move |b| (a, b)));
            for (source, target) in pairs {
                let says = desk.target_of(source) == Some(target);
                let knows = desk.0[target].sources().any(|it| it == id(source));
                prop_assert_eq!(says, knows, "{} into {} after {:?}", source, target, play);
            }
        }
    }
}
