//! A tenant never finds anything of another.

use allhours_domain::{
    article::event::{ArticleEvent, Published},
    conversation::event::{ConversationEvent, CustomerMessageReceived, Opened},
    ids::{ConversationId, CustomerId, MessageId, TenantId},
    personal::Personal,
    text::{ArticleBody, Language, Name},
    words::{Channel, Priority, Tier},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use uuid::Uuid;

use super::{
    super::{Audience, Found, SearchRequest},
    support::Desk,
};

/// Writes `texts` for a tenant; returns the ids of its messages.
async fn fill(desk: &Desk, tenant: TenantId, texts: &[String]) -> Vec<MessageId> {
    let customer = CustomerId(desk.id());
    let conversation = ConversationId(desk.id());
    let opened = Opened {
        conversation,
        customer,
        channel: Channel::Chat,
        subject: None,
        language: None,
        tier: Tier::Standard,
        priority: Priority::Normal,
        team: None,
    };
    let mut events = vec![ConversationEvent::Opened(opened).into()];
    let mut ids = Vec::new();
    for text in texts {
        let message = MessageId(desk.id());
        ids.push(message);
        let received = CustomerMessageReceived {
            message,
            text: Personal::about(customer, text.as_str()),
            channel: Channel::Chat,
            language: None,
            intake: None,
        };
        events.push(ConversationEvent::CustomerMessageReceived(received).into());
    }
    desk.append(tenant, conversation.0, events, vec![], vec![]).await;
    let published = Published {
        locale: Language::new("en").unwrap(),
        version: 1,
        title: Name::new("shared title").unwrap(),
        body: ArticleBody::new(tenant.to_string()).unwrap(),
    };
    let article = vec![ArticleEvent::Published(published).into()];
    desk.append(tenant, desk.id(), article, vec![], vec![]).await;
    ids
}

#[test]
fn whatever_is_written_and_asked_no_tenant_finds_another_ones() {
    // Few letters, so that the texts of the tenants share most of their terms.
    let text = "([ab]{1,3}|退款|票|환불|คืน)( ([ab]{1,3}|款退|заказ)){0,3}";
    let texts = prop::collection::vec(text, 1..6);
    let query = prop::collection::vec("[ab]{1,2}\\*?|退|退款|\"[ab] [ab]\"|환불|คืน|заказы", 1..3);
    let cases = (texts.clone(), texts, query);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    let outcome = runner.run(&cases, |(ours, theirs, query)| {
        runtime.block_on(async {
            let desk = Desk::new();
            let (us, them) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
            let own = fill(&desk, us, &ours).await;
            fill(&desk, them, &theirs).await;
            let reader = desk.index().await.reader();
            for text in [query.join(" "), "shared title".to_owned(), ours[0].clone()] {
                let request = SearchRequest::new(us, Audience::Staff, text);
                let page = reader.search_now(&request).unwrap();
                prop_assert!(page.total <= own.len() as u64 + 1);
                for hit in page.hits {
                    match hit.found {
                        Found::Message { message, .. } => prop_assert!(own.contains(&message)),
                        Found::Article { .. } => prop_assert_eq!(hit.snippet.text, us.to_string()),
                        Found::Conversation { .. } | Found::Customer { .. } => {
                            prop_assert!(false, "neither was ever written");
                        }
                    }
                }
            }
            Ok(())
        })
    });
    outcome.unwrap();
}
