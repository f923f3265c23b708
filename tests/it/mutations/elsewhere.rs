//! Mail that comes in while another process changes where it goes: to nobody but whom it is for.

use allhours_api::{
    clock,
    desk::{
        AnyRefusal, CommandContext, CommandError, Desk, Done,
        address::identity_of,
        inbound::{Inbound, Understood, Writer},
    },
    graphql::id::Kind,
};
use allhours_domain::{
    actor::Actor,
    customer::{Customer, CustomerRefusal, command},
    decider::Refusal as _,
    identity::{Identity, command as identity},
    ids::{ConversationId, CustomerId, IntakeId},
    text::{Address, ExternalId, Key, MessageText, Name, RawMessage},
    words::{Channel, Priority},
};
use allhours_eventstore::pg::PgLog;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::desk::TestDesk;

const ADDRESS: &str = "lin@example.org";
const INTAKE: &str = "intake { id customerId conversationId }";

/// Mail from Lin's address.
fn mail(external_id: &str, thread: Option<&str>) -> Inbound {
    let text = "My shoes are too small.";
    Inbound {
        channel: Channel::Email,
        account: Key::new("support").expect("a key"),
        external_id: ExternalId::new(external_id).expect("an id"),
        raw: RawMessage::new(text).expect("a message"),
        from: Address::new(ADDRESS).expect("an address"),
        display_name: None,
        thread: thread.map(|it| ExternalId::new(it).expect("an id")),
        conversation: None,
        subject: None,
        text: MessageText::new(text).expect("a text"),
        language: None,
        priority: Priority::Normal,
        team: None,
        at: clock::now(),
    }
}

impl TestDesk {
    fn provider(&self) -> CommandContext {
        CommandContext::now(self.tenant, Actor::System("provider".to_owned()))
    }

    /// Takes in mail by a process: its position, whose it became, and in which conversation.
    async fn receive(
        &self,
        process: &Desk<PgLog>,
        external_id: &str,
        thread: Option<&str>,
    ) -> (Done, Value) {
        let inbound = mail(external_id, thread);
        let received = process.receive(&self.provider(), &inbound, None).await;
        let (done, intake) = received.expect("taken in");
        (done, self.intake(intake, done).await)
    }

    async fn intake(&self, intake: IntakeId, done: Done) -> Value {
        let node = "query($id: ID!, $p: Position) { node(id: $id, minPosition: $p) {
            ... on Intake { customerId conversationId }
        } }";
        let asked = json!({ "id": Kind::Intake.id(intake), "p": done.position });
        let answer = self.ask(&self.admin, node, asked).await;
        assert_eq!(answer.get("errors"), None, "{answer:#}");
        answer["data"]["node"].clone()
    }

    /// Keeps mail for a person, and has a process take it in from Lin's address.
    async fn take_in(
        &self,
        process: &Desk<PgLog>,
        external_id: &str,
        writer: Writer,
    ) -> Result<Value, CommandError<AnyRefusal>> {
        let park = json!({
            "channel": "EMAIL", "account": "support", "externalId": external_id,
            "raw": "=?utf-9?", "why": "the charset is unknown",
        });
        let parked = self.granted(&self.integration, "intakePark", park, INTAKE).await;
        let id = parked["intake"]["id"].as_str().expect("an id");
        let intake: IntakeId = Kind::Intake.read(id).map(IntakeId).expect("an intake's id");
        let understood = Understood {
            intake,
            writer,
            conversation: None,
            subject: None,
            language: None,
            priority: Priority::Normal,
            team: None,
        };
        let done = process.take_in(&self.provider(), &understood, |_| None, None).await?;
        Ok(self.intake(intake, done).await)
    }

    async fn erase(&self, who: &Value) {
        let erase = json!({ "customerId": who["customerId"], "legalBasis": "gdpr-17" });
        self.granted(&self.admin, "customerErase", erase, "certificate { customerId }").await;
    }

    /// Takes Lin's address from one customer and gives it to another one, in one go.
    async fn give_away(&self, from: &str, to: &str) -> Done {
        let process = self.elsewhere();
        let address = Address::new(ADDRESS).expect("an address");
        let channel = Channel::Email;
        let identity = identity_of(process.log(), self.tenant, channel, &address).await;
        let identity = identity.expect("the log answers");
        let [from, to] =
            [from, to].map(|id| Kind::Customer.read(id).map(CustomerId).expect("a customer's id"));
        let context = self.provider();
        let link = command::LinkIdentity { identity, channel, address, verified: false };
        let moved = process
            .unit(&context)
            .with::<Customer>(from, command::UnlinkIdentity { identity })
            .with::<Identity>(identity, identity::Release { customer: from })
            .with::<Customer>(to, link)
            .with::<Identity>(identity, identity::Claim { customer: to, channel });
        moved.commit().await.expect("granted")
    }
}

fn from_lin() -> Writer {
    Writer::Address(Address::new(ADDRESS).expect("an address"), None)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("an id")
}

#[tokio::test]
async fn mail_goes_to_who_holds_the_address_now_whoever_held_it_when_this_process_last_looked() {
    let desk = TestDesk::open().await;
    let process = desk.elsewhere();
    let (_, first) = desk.receive(&process, "m1", None).await;
    let (_, new) = desk.customer("Noor").await;
    desk.give_away(text(&first["customerId"]), &new).await;

    let (_, next) = desk.receive(&process, "m2", None).await;
    assert_eq!(next["customerId"], json!(new));
    assert_ne!(next["conversationId"], first["conversationId"], "that one is another's to read");
    let (_, again) = desk.receive(&process, "m3", None).await;
    assert_eq!(again, next);

    let process = desk.elsewhere();
    desk.receive(&process, "m4", None).await;
    desk.give_away(&new, text(&first["customerId"])).await;
    let taken = desk.take_in(&process, "m5", from_lin()).await.expect("taken in");
    assert_eq!(taken["customerId"], first["customerId"]);
    assert_ne!(taken["conversationId"], next["conversationId"]);
}

#[tokio::test]
async fn an_answer_to_another_profile_arrives_only_while_another_process_has_them_merged() {
    let desk = TestDesk::open().await;
    let process = desk.elsewhere();
    let (_, first) = desk.receive(&process, "m1", Some("t1")).await;
    let (customer, other) = desk.customer("Lin Y.").await;
    let answered = desk.conversation(&customer, "My shoes are too large.").await;
    let answer = async |external_id: &str| {
        let conversation = Kind::Conversation.read(&answered).map(ConversationId);
        let inbound = Inbound { conversation, ..mail(external_id, None) };
        let received = process.receive(&desk.provider(), &inbound, None).await;
        let (done, intake) = received.expect("taken in");
        desk.intake(intake, done).await
    };
    let (before, merge) =
        (answer("m2").await, json!({ "sourceId": first["customerId"], "targetId": other }));
    assert_ne!(before["conversationId"], json!(answered), "a stranger's");
    desk.granted(&desk.ada, "customerMerge", merge, "customer { id }").await;
    let merged = answer("m3").await;
    assert_eq!(merged["conversationId"], json!(answered));
    assert_eq!(merged["customerId"], first["customerId"], "whose address it is");

    let unmerge = json!({ "customerId": first["customerId"] });
    desk.granted(&desk.ada, "customerUnmerge", unmerge, "customer { id }").await;
    let after = answer("m4").await;
    assert_eq!(after, before, "a stranger's again");
}

#[tokio::test]
async fn mail_goes_where_its_conversation_goes_on_also_where_another_process_undid_a_merge() {
    let desk = TestDesk::open().await;
    let process = desk.elsewhere();
    let (_, first) = desk.receive(&process, "m1", Some("t1")).await;
    let (_, other) = desk.receive(&process, "m2", Some("t2")).await;
    let merge = json!({ "sourceId": first["conversationId"], "targetId": other["conversationId"] });
    desk.granted(&desk.ada, "conversationMerge", merge, "conversation { id }").await;
    let (_, merged) = desk.receive(&process, "m3", Some("t1")).await;
    assert_eq!(merged["conversationId"], other["conversationId"]);
    let unmerge = json!({ "conversationId": first["conversationId"] });
    desk.granted(&desk.ada, "conversationUnmerge", unmerge, "conversation { id }").await;
    let (_, back) = desk.receive(&process, "m4", Some("t1")).await;
    assert_eq!(back["conversationId"], first["conversationId"]);
}

#[tokio::test]
async fn of_mail_that_comes_while_an_address_changes_hands_none_goes_to_who_gave_it_away() {
    let desk = TestDesk::open().await;
    let process = desk.elsewhere();
    let (_, first) = desk.receive(&process, "m0", None).await;
    let mut holders = [text(&first["customerId"]).to_owned(), desk.customer("Noor").await.1];
    for round in 0..6 {
        let [from, to] = &holders;
        let names: Vec<String> = (0..24).map(|number| format!("m{round}-{number}")).collect();
        let received = join_all(names.iter().map(|name| desk.receive(&process, name, None)));
        let (moved, received) = tokio::join!(desk.give_away(from, to), received);
        for (done, intake) in received {
            let holder = if done.position < moved.position { from } else { to };
            assert_eq!(intake["customerId"], json!(holder), "{done:?}, moved at {moved:?}");
        }
        holders.reverse();
    }
}

#[tokio::test]
async fn who_writes_after_another_process_erased_them_is_a_new_customer_at_once() {
    let desk = TestDesk::open().await;
    let process = desk.elsewhere();
    let (_, first) = desk.receive(&process, "m1", None).await;
    desk.erase(&first).await;
    let (_, next) = desk.receive(&process, "m2", None).await;
    assert_ne!(next["customerId"], first["customerId"]);
    assert_ne!(next["conversationId"], first["conversationId"]);
    let (_, again) = desk.receive(&process, "m3", None).await;
    assert_eq!(again, next, "one new customer, not one for each message");

    desk.erase(&next).await;
    let taken = desk.take_in(&process, "m4", from_lin()).await.expect("taken in");
    assert_ne!(taken["customerId"], next["customerId"]);
    desk.erase(&taken).await;
    let writer = Kind::Customer.read(text(&taken["customerId"])).map(CustomerId);
    let writer = Writer::Customer(writer.expect("a customer's id"));
    let no = desk.take_in(&process, "m5", writer).await.expect_err("they were erased");
    assert!(matches!(&no, CommandError::Refused(no) if no.code() == "ERASED"), "{no}");
}

#[tokio::test]
async fn a_process_that_did_not_see_an_erasure_says_that_there_was_one() {
    let desk = TestDesk::open().await;
    let process = desk.elsewhere();
    let (lin, id) = desk.customer("Lin").await;
    let known = process.load::<Customer>(desk.tenant, lin.id).await.expect("the log answers");
    assert!(!known.state.is_erased());
    desk.erase(&json!({ "customerId": id })).await;
    let display_name = Some(Name::new("Lin Y.").expect("a name"));
    let rename = command::ChangeProfile { display_name, language: None };
    let no = process.execute::<Customer>(&desk.provider(), lin.id, rename, None).await;
    let no = no.expect_err("they were erased");
    assert!(matches!(no, CommandError::Refused(CustomerRefusal::Erased)), "{no}");
}
