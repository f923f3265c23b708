//! Channel addresses and provider keys as ids, without writing them down.

use allhours_domain::{
    ids::{ConversationId, IdentityId, IntakeId, TenantId},
    text::{Address, ExternalId, Key},
    words::Channel,
};
use allhours_eventstore::{error::LogError, log::Log};
use uuid::Uuid;

/// The stream of a channel address: the same for every way to write it.
///
/// # Errors
///
/// A failure of the log.
pub async fn identity_of<L: Log>(
    log: &L,
    tenant: TenantId,
    channel: Channel,
    address: &Address,
) -> Result<IdentityId, LogError> {
    let text = format!("identity|{}|{}", channel.as_str(), normalised(channel, address));
    log.blind_index(tenant, &text).await.map(IdentityId)
}

/// The stream of all deliveries of one provider message.
///
/// # Errors
///
/// A failure of the log.
pub async fn intake_of<L: Log>(
    log: &L,
    tenant: TenantId,
    channel: Channel,
    account: &Key,
    external_id: &ExternalId,
) -> Result<IntakeId, LogError> {
    let text = format!("intake|{}|{account}|{external_id}", channel.as_str());
    log.blind_index(tenant, &text).await.map(IntakeId)
}

/// A row of conversations that follow one another: the provider's thread, or all that one
/// address writes where the channel knows no threads.
///
/// # Errors
///
/// A failure of the log.
pub async fn thread_of<L: Log>(
    log: &L,
    tenant: TenantId,
    channel: Channel,
    account: &Key,
    thread: &str,
) -> Result<Thread, LogError> {
    let text = format!("thread|{}|{account}|{thread}", channel.as_str());
    log.blind_index(tenant, &text).await.map(Thread)
}

/// See [`thread_of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thread(Uuid);

impl Thread {
    /// Its conversation of this number, from 1.
    #[must_use]
    pub fn conversation(self, number: u32) -> ConversationId {
        ConversationId(Uuid::new_v5(&self.0, &number.to_be_bytes()))
    }
}

/// One way to write an address that people write in several.
#[must_use]
pub fn normalised(channel: Channel, address: &Address) -> String {
    let address = address.as_str().trim();
    match channel {
        Channel::Email => address.to_lowercase(),
        Channel::Sms | Channel::Phone | Channel::Whatsapp => {
            let digits = |it: &char| it.is_ascii_digit() || *it == '+';
            let number: String = address.chars().filter(digits).collect();
            if number.is_empty() { address.to_lowercase() } else { number }
        }
        Channel::Chat | Channel::Form | Channel::Wechat | Channel::Telegram | Channel::Social => {
            address.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let same = |channel, a: &str, b: &str| {
            let [a, b] = [a, b].map(|it| normalised(channel, &Address::new(it).unwrap()));
            assert_eq!(a, b);
        };
        same(Channel::Email, "Ada@Example.org ", "ada@example.org");
        same(Channel::Sms, "+49 (170) 123-45", "+4917012345");
    }

    #[test]
    fn the_conversations_of_a_thread_differ() {
        let thread = Thread(Uuid::from_u128(1));
        assert_ne!(thread.conversation(1), thread.conversation(2));
        assert_eq!(thread.conversation(1), thread.conversation(1));
    }
}
