//! What providers deliver to a random desk, and what becomes of it.

use allhours_domain::{
    ids::{ConversationId, CustomerId, IntakeId, MessageId},
    intake::{Intake, command as intake},
    text::{ExternalId, Key, RawMessage, Reason},
    words::Channel,
};

use super::{Chance, Desk, Part, ask, held, one};

impl Desk {
    /// Takes in a delivery, or goes on with one of the last.
    pub(super) fn intake(&mut self, chance: &mut Chance) -> Vec<Part> {
        if self.intakes.len() < 3 || chance.below(4) == 0 {
            let id = chance.id();
            let mut held = held::<Intake>(id);
            let received = ask(&mut held, receive(IntakeId(id), chance));
            self.intakes.push(held);
            return one(received);
        }
        let customer = self.customers[chance.below(self.customers.len())].id;
        let conversation = self.conversations.last().map(|held| held.id);
        let message = chance.id();
        let count = self.intakes.len();
        let held = &mut self.intakes[count - 1 - chance.below(count.min(8))];
        one(match chance.below(7) {
            0 => ask(held, receive(IntakeId(held.id), chance)),
            1 => {
                let reason = Reason::new("not for us").expect("a reason");
                ask(held, intake::Discard { reason })
            }
            2..=4 => {
                let why = format!("part {} does not read", chance.below(9));
                ask(held, intake::Park { why: Reason::new(why).expect("a reason") })
            }
            _ => conversation.and_then(|conversation| {
                let parsed = intake::MarkParsed {
                    customer: CustomerId(customer),
                    conversation: ConversationId(conversation),
                    message: MessageId(message),
                };
                ask(held, parsed)
            }),
        })
    }
}

fn receive(id: IntakeId, chance: &mut Chance) -> intake::Receive {
    intake::Receive {
        channel: chance.one_of(Channel::ALL),
        account: Key::new("support").expect("a key"),
        external_id: ExternalId::new(id.to_string()).expect("an id"),
        raw: RawMessage::new(format!("Raw {}", chance.below(100))).expect("a message"),
        subject: id.into(),
    }
}
