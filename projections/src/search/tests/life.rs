//! What happens to conversations, customers and articles shows in what is found.

use allhours_domain::{
    conversation::event::{
        ConversationEvent, MergedInto, MovedMessage, SplitFrom, TeamChanged, Unmerged,
    },
    customer::event::{CustomerEvent, MergedInto as CustomerMergedInto, ProfileChanged},
    ids::{AgentId, ArticleId, TeamId},
    personal::Personal,
};

use super::{
    super::{Audience, Author, Found, Kind, Order, SearchError, SearchRequest, verify},
    support::{Desk, messages, texts},
};

#[tokio::test]
async fn filters_narrow_what_is_found() {
    let desk = Desk::new();
    let (ada, bob) = (desk.customer("Ada").await, desk.customer("Bob").await);
    let (team, agent) = (TeamId(desk.id()), AgentId(desk.id()));
    let one = desk.open(ada, Some("Refund wanted"), Some("en"), Some(team)).await;
    let two = desk.open(bob, None, Some("fr"), None).await;
    desk.write(one, ada, "refund one").await;
    desk.reply(one, ada, agent, "refund answered").await;
    desk.note(one, ada, "refund noted").await;
    desk.write(two, bob, "refund two").await;
    desk.publish(ArticleId(desk.id()), "en", "Refunds", "How a refund works").await;
    let reader = desk.index().await.reader();
    let found = |change: &dyn Fn(&mut SearchRequest)| {
        let mut request = desk.asks("refund");
        change(&mut request);
        texts(&reader.search_now(&request).unwrap())
    };
    assert_eq!(found(&|_| {}).len(), 6);
    assert_eq!(found(&|it| it.kinds = vec![Kind::Article]), ["How a refund works"]);
    assert_eq!(found(&|it| it.kinds = vec![Kind::Conversation]), ["Refund wanted"]);
    assert_eq!(found(&|it| it.conversation = Some(two)), ["refund two"]);
    assert_eq!(found(&|it| it.customer = Some(bob)), ["refund two"]);
    assert_eq!(found(&|it| it.author = Some(Author::Agent(agent))), ["refund answered"]);
    assert_eq!(found(&|it| it.author = Some(Author::Customer(bob))), ["refund two"]);
    assert_eq!(found(&|it| it.language = "fr".to_owned().try_into().ok()), ["refund two"]);
    assert_eq!(found(&|it| it.team = Some(team)).len(), 4);
    assert_eq!(found(&|it| it.from = "2026-03-02T00:00:00Z".parse().ok()).len(), 0);
    assert_eq!(found(&|it| it.until = "2026-03-02T00:00:00Z".parse().ok()).len(), 6);
    assert_eq!(found(&|it| it.order = Order::Newest).len(), 6);
}

#[tokio::test]
async fn a_customer_finds_articles_and_their_own_messages_and_never_a_note() {
    let desk = Desk::new();
    let (ada, bob) = (desk.customer("Ada Refund").await, desk.customer("Bob Refund").await);
    let one = desk.open(ada, None, Some("en"), None).await;
    let two = desk.open(bob, None, Some("en"), None).await;
    desk.write(one, ada, "refund one").await;
    desk.note(one, ada, "refund noted").await;
    desk.write(two, bob, "refund two").await;
    desk.publish(ArticleId(desk.id()), "en", "Refunds", "How a refund works").await;
    let reader = desk.index().await.reader();
    let mut request = SearchRequest::new(desk.tenant, Audience::Customer(ada), "refund");
    let all = ["How a refund works", "refund one"];
    assert_eq!(texts(&reader.search_now(&request).unwrap()), all);
    request.kinds = vec![Kind::Message, Kind::Customer, Kind::Article, Kind::Conversation];
    assert_eq!(texts(&reader.search_now(&request).unwrap()), all);
    request.customer = Some(bob);
    assert_eq!(texts(&reader.search_now(&request).unwrap()), [""; 0]);
}

#[tokio::test]
async fn a_team_finds_what_is_its_own_now() {
    let desk = Desk::new();
    let ada = desk.customer("Ada").await;
    let (before, after) = (TeamId(desk.id()), TeamId(desk.id()));
    let conversation = desk.open(ada, None, Some("en"), Some(before)).await;
    desk.write(conversation, ada, "refund one").await;
    let mut index = desk.index().await;
    let changed = TeamChanged { from: Some(before), to: Some(after) };
    desk.conversation(ConversationEvent::TeamChanged(changed), conversation).await;
    index.catch_up(&desk.log).await.unwrap();
    for (team, count) in [(before, 0), (after, 1)] {
        let mut request = desk.asks("refund");
        request.team = Some(team);
        assert_eq!(index.reader().search_now(&request).unwrap().hits.len(), count);
    }
}

#[tokio::test]
async fn merges_are_followed_and_undone() {
    let desk = Desk::new();
    let ada = desk.customer("Ada").await;
    let team = TeamId(desk.id());
    let source = desk.open(ada, None, Some("en"), None).await;
    let target = desk.open(ada, None, Some("en"), Some(team)).await;
    desk.write(source, ada, "refund one").await;
    desk.write(target, ada, "refund two").await;
    desk.conversation(ConversationEvent::MergedInto(MergedInto { target }), source).await;
    let mut index = desk.index().await;
    let reader = index.reader();
    let within = |change: &dyn Fn(&mut SearchRequest)| {
        let mut request = desk.asks("refund");
        change(&mut request);
        reader.search_now(&request).unwrap()
    };
    let merged = within(&|it| it.conversation = Some(target));
    assert_eq!(texts(&merged), ["refund one", "refund two"]);
    assert!(merged.hits.iter().all(|it| matches!(
        it.found,
        Found::Message { conversation, .. } if conversation == target
    )));
    assert_eq!(within(&|it| it.team = Some(team)).hits.len(), 2);
    desk.conversation(ConversationEvent::Unmerged(Unmerged { target }), source).await;
    index.catch_up(&desk.log).await.unwrap();
    assert_eq!(texts(&within(&|it| it.conversation = Some(target))), ["refund two"]);
    assert_eq!(within(&|it| it.team = Some(team)).hits.len(), 1);
}

#[tokio::test]
async fn however_many_merges_in_a_row_what_is_found_stands_where_it_goes_on() {
    let desk = Desk::new();
    let ada = desk.customer("Ada").await;
    let mut last = desk.open(ada, None, Some("en"), None).await;
    desk.write(last, ada, "refund one").await;
    for _ in 0..30 {
        let target = desk.open(ada, None, Some("en"), None).await;
        desk.conversation(ConversationEvent::MergedInto(MergedInto { target }), last).await;
        last = target;
    }
    let index = desk.index().await;
    let mut request = desk.asks("refund");
    request.conversation = Some(last);
    let page = index.reader().search_now(&request).unwrap();
    assert_eq!(texts(&page), ["refund one"]);
    assert!(matches!(
        page.hits[0].found,
        Found::Message { conversation, .. } if conversation == last
    ));
}

#[tokio::test]
async fn messages_that_were_split_off_are_found_in_the_new_conversation() {
    let desk = Desk::new();
    let ada = desk.customer("Ada").await;
    let source = desk.open(ada, None, Some("en"), None).await;
    let (moved, _) = desk.write(source, ada, "refund moved").await;
    desk.write(source, ada, "refund stays").await;
    let target = desk.open(ada, None, Some("en"), None).await;
    let messages = vec![MovedMessage { message: moved, agent: None }];
    let split = SplitFrom { source, messages };
    desk.conversation(ConversationEvent::SplitFrom(split), target).await;
    let index = desk.index().await;
    for (conversation, text) in [(source, "refund stays"), (target, "refund moved")] {
        let mut request = desk.asks("refund");
        request.conversation = Some(conversation);
        assert_eq!(texts(&index.reader().search_now(&request).unwrap()), [text]);
    }
    let verification = verify(&index.reader(), &desk.log).await.unwrap();
    assert_eq!(verification.differences, [""; 0]);
}

#[tokio::test]
async fn a_renamed_and_a_merged_customer_are_found_as_they_are_now() {
    let desk = Desk::new();
    let (ada, bob) = (desk.customer("Ada Byron").await, desk.customer("Bob Byron").await);
    let mut index = desk.index().await;
    let renamed =
        ProfileChanged { display_name: Some(Personal::about(ada, "Ada Lovelace")), language: None };
    desk.customer_event(CustomerEvent::ProfileChanged(renamed), ada).await;
    let merged = CustomerMergedInto { target: ada };
    desk.customer_event(CustomerEvent::MergedInto(merged), bob).await;
    index.catch_up(&desk.log).await.unwrap();
    let page = index.reader().search_now(&desk.asks("byron")).unwrap();
    let found: Vec<&Found> = page.hits.iter().map(|it| &it.found).collect();
    assert_eq!(found, [&Found::Customer { customer: ada }]);
    assert_eq!(index.reader().search_now(&desk.asks("lovelace")).unwrap().hits.len(), 1);
}

#[tokio::test]
async fn only_published_articles_are_found_each_locale_for_itself() {
    let desk = Desk::new();
    let article = ArticleId(desk.id());
    desk.publish(article, "en", "Refunds", "How a refund works").await;
    desk.publish(article, "de", "Erstattungen", "So geht die Erstattung").await;
    let mut index = desk.index().await;
    assert_eq!(desk.finds(&index.reader(), "refund").len(), 1);
    desk.publish(article, "en", "Refunds", "Now in three days").await;
    desk.retire(article, "de").await;
    index.catch_up(&desk.log).await.unwrap();
    assert_eq!(desk.finds(&index.reader(), "refund"), ["Now in three days"]);
    assert!(desk.finds(&index.reader(), "Erstattung").is_empty());
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let desk = Desk::new();
    let ada = desk.customer("Ada").await;
    let conversation = desk.open(ada, None, Some("en"), None).await;
    for number in 0..25 {
        desk.write(conversation, ada, &format!("refund number {number}")).await;
    }
    let reader = desk.index().await.reader();
    for order in [Order::Relevance, Order::Newest] {
        let mut seen = Vec::new();
        loop {
            let mut request = desk.asks("refund");
            (request.first, request.offset, request.order) = (10, seen.len(), order);
            let page = reader.search_now(&request).unwrap();
            assert_eq!((page.total, page.total_capped), (25, false));
            seen.extend(messages(&page));
            if !page.has_next {
                break;
            }
        }
        assert_eq!(seen.len(), 25);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 25);
    }
    let mut request = desk.asks("refund");
    request.first = 101;
    assert!(matches!(reader.search_now(&request), Err(SearchError::OutOfBounds(_))));
    (request.first, request.offset) = (10, 10_001);
    assert!(matches!(reader.search_now(&request), Err(SearchError::OutOfBounds(_))));
}

#[tokio::test]
async fn a_restart_goes_on_where_the_last_commit_ended_without_loss_or_doubles() {
    let desk = Desk::new();
    let ada = desk.customer("Ada").await;
    let conversation = desk.open(ada, None, Some("en"), None).await;
    for round in 0..4 {
        desk.write(conversation, ada, &format!("refund round {round}")).await;
        // Not stopped: dropped, as a killed process would leave it.
        let index = desk.index().await;
        assert_eq!(desk.finds(&index.reader(), "refund").len(), round + 1);
        let verification = verify(&index.reader(), &desk.log).await.unwrap();
        assert_eq!(verification.differences, [""; 0]);
    }
}

#[tokio::test]
async fn what_happens_is_found_within_a_quarter_of_a_second_more_or_less() {
    let desk = Desk::new();
    let ada = desk.customer("Ada").await;
    let conversation = desk.open(ada, None, Some("en"), None).await;
    let running = desk.run();
    desk.caught_up(&running.reader).await;
    for round in 0..5 {
        desk.write(conversation, ada, &format!("refund round {round}")).await;
        desk.caught_up(&running.reader).await;
        assert_eq!(desk.finds(&running.reader, "refund").len(), round + 1);
    }
    running.stop().await;
}
