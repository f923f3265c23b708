//! A channel's provider: delivers each message until it is told that it arrived, and now and then
//! once more. Whom it wrote about is put aside, so that timers fall due at any time.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::writer::{Trouble, payload_of};
use crate::process::{Caller, Event, Place, Served, wait_until};

const RECEIVE: &str = "mutation ($input: IntakeReceiveInput!) {
    done: intakeReceive(input: $input) {
        position intake { status conversationId messageId } userErrors { code message }
    }
}";
const SNOOZE: &str = "mutation ($input: ConversationSnoozeInput!) {
    done: conversationSnooze(input: $input) { position userErrors { code message } }
}";
const MESSAGE: &str = "conversation.customer_message_received";
const PAUSE: Duration = Duration::from_millis(20);
const SETTLED_MAX: Duration = Duration::from_secs(30);
const WOKEN_MAX: Duration = Duration::from_secs(30);

/// Delivers to one tenant.
pub struct Provider {
    tenant: &'static str,
    receiver_token: String,
    agent_token: String,
    /// What each delivery, by its number, is answered with.
    arrived: Vec<Value>,
    /// Whether one more was sent, and nobody knows what became of it.
    under_way: bool,
    /// How many timers fell due and were looked after.
    pub woken: usize,
}

impl Provider {
    /// A provider of this tenant.
    pub async fn of(tenant: &'static str, place: &Place) -> Self {
        let receiver_token = place.token(tenant, "integration").await;
        let agent_token = place.token(tenant, "supervisor").await;
        Self { tenant, receiver_token, agent_token, arrived: vec![], under_way: false, woken: 0 }
    }

    /// The two who ask in its name: the one who receives, and the one who puts aside.
    pub fn callers(&self, server: &Served) -> [Caller; 2] {
        [&self.receiver_token, &self.agent_token].map(|token| server.caller_with(token))
    }

    /// Delivers one after the other until told to stop, or the server is gone.
    pub async fn deliver_on(mut self, callers: [Caller; 2], stop: CancellationToken) -> Self {
        let [receiver, agent] = callers;
        while !stop.is_cancelled() {
            match self.deliver_next(&receiver).await {
                Ok(()) => self.put_aside(&agent).await,
                Err(Trouble::Silence) => return self,
                Err(Trouble::Told(_)) => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        self
    }

    async fn deliver_next(&mut self, receiver: &Caller) -> Result<(), Trouble> {
        self.under_way = true;
        let intake = self.deliver(receiver, self.arrived.len()).await?;
        self.under_way = false;
        let again = self.arrived.len().checked_sub(3);
        self.arrived.push(intake);
        match again {
            Some(number) => self.deliver_again(receiver, number).await,
            None => Ok(()),
        }
    }

    /// What comes again is answered as the first time.
    async fn deliver_again(&self, receiver: &Caller, number: usize) -> Result<(), Trouble> {
        let intake = self.deliver(receiver, number).await?;
        assert_eq!(intake, self.arrived[number], "delivery {number} of {}", self.tenant);
        Ok(())
    }

    async fn deliver(&self, receiver: &Caller, number: usize) -> Result<Value, Trouble> {
        // No key: a provider that delivers again knows of none.
        let input = json!({
            "channel": "EMAIL", "account": "support", "externalId": format!("delivery-{number}"),
            "from": format!("guest-{number}@example.org"), "text": "Where is my order?",
            "raw": "Where is my order?",
        });
        let mut payload = payload_of(receiver, RECEIVE, input).await?;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        assert_eq!(payload["intake"]["status"], "PARSED", "{payload}");
        Ok(payload["intake"].take())
    }

    /// Puts the newest conversation aside; whether that came about, the log tells.
    async fn put_aside(&self, agent: &Caller) {
        let Some(intake) = self.arrived.last() else { return };
        let ahead = 300 + self.arrived.len() * 271 % 1_500;
        #[expect(clippy::disallowed_methods, reason = "a person names an instant by the clock")]
        let until = Timestamp::now()
            + SignedDuration::from_millis(i64::try_from(ahead).expect("a short time"));
        let input = json!({
            "conversationId": intake["conversationId"], "until": until.to_string(),
        });
        // An outage is nothing to report here: what is not put aside does not wake.
        if let Ok(payload) = payload_of(agent, SNOOZE, input).await {
            let no = payload["userErrors"].get(0).map(|no| &no["code"]);
            // On a busy machine the instant may have passed before it arrived.
            assert!(no.is_none_or(|code| code == "NOT_IN_FUTURE"), "{payload}");
        }
    }

    /// What is under way arrives, and what arrived long ago is known.
    pub async fn settle(&mut self, server: &Served) {
        let [receiver, _] = self.callers(server);
        let settling = async {
            while self.under_way {
                self.deliver_next(&receiver).await.ok();
            }
        };
        let settled = tokio::time::timeout(SETTLED_MAX, settling).await;
        assert!(settled.is_ok(), "a delivery of {} is not taken", self.tenant);
        if !self.arrived.is_empty() {
            let known = self.deliver_again(&receiver, 0).await;
            assert_eq!(known, Ok(()), "a living server answers");
        }
    }

    /// Each delivery became one message, and each timer that fell due fired once and not early.
    pub async fn has_left_its_mark_once(&mut self, place: &Place) {
        let standing = place.replay(&format!("tenant={}", self.tenant)).await;
        let mut messages: BTreeMap<&str, usize> = BTreeMap::new();
        for message in standing.iter().filter(|event| event.name() == MESSAGE) {
            if let Some(intake) = message.whole["payload"]["intake"].as_str() {
                *messages.entry(intake).or_default() += 1;
            }
        }
        let doubled: Vec<_> = messages.iter().filter(|(_, count)| **count > 1).collect();
        assert!(doubled.is_empty(), "{} got messages twice: {doubled:?}", self.tenant);
        assert_eq!(messages.len(), self.arrived.len(), "of {}", self.tenant);

        #[expect(clippy::disallowed_methods, reason = "what is due is told by the clock")]
        let now = Timestamp::now();
        let due = standing.iter().filter(|event| event.name() == "conversation.snoozed");
        let due: Vec<&Event> = due.filter(|event| until(event) <= now).collect();
        wait_until(WOKEN_MAX, || self.are_woken(place, &due)).await;
        self.woken = due.len();
    }

    async fn are_woken(&self, place: &Place, due: &[&Event]) -> Result<(), String> {
        let woken = place.replay(&format!("type=conversation.woken,tenant={}", self.tenant)).await;
        for snoozed in due {
            let id = &snoozed.whole["eventId"];
            let mut of_it = woken.iter().filter(|event| event.whole["causationId"] == *id);
            let Some(first) = of_it.next() else { return Err(format!("{id} did not wake")) };
            assert_eq!(of_it.count(), 0, "{id} woke twice");
            let at = instant(&first.whole["recordedAt"]);
            assert!(at >= until(snoozed), "{id} woke at {at}");
        }
        Ok(())
    }
}

fn until(snoozed: &Event) -> Timestamp {
    instant(&snoozed.whole["payload"]["until"])
}

fn instant(value: &Value) -> Timestamp {
    value.as_str().and_then(|it| it.parse().ok()).expect("an instant")
}
