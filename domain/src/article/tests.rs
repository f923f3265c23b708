//! What is true of a knowledge article.

mod history;

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::{
    Article, ArticleCommand, ArticleEvent, ArticleRefusal,
    command::{Cite, Draft, Publish, RequestReview, Retire, Review},
    event::{Cited, Drafted, Published, Retired, ReviewRequested, Reviewed, Revised},
};
use crate::{
    decider::Refusal,
    ids::{AgentId, ConversationId},
    text::{ArticleBody, Language, Name},
    words::ReviewOutcome,
};

const ADA: AgentId = AgentId(Uuid::from_u128(0xada));
const BEN: AgentId = AgentId(Uuid::from_u128(0xbe));
const EVE: AgentId = AgentId(Uuid::from_u128(0xe5e));
const CONVERSATION: ConversationId = ConversationId(Uuid::from_u128(7));

fn article(events: impl IntoIterator<Item = ArticleEvent>) -> AggregateTestExecutor<Article> {
    TestFramework::with(()).given(events.into_iter().collect())
}

fn locale(tag: &str) -> Language {
    Language::new(tag).unwrap()
}

fn en() -> Language {
    locale("en")
}

fn title() -> Name {
    Name::new("Refunds").unwrap()
}

fn body(text: &str) -> ArticleBody {
    ArticleBody::new(text).unwrap()
}

fn draft(tag: &str, text: &str, author: AgentId) -> ArticleCommand {
    Draft { locale: locale(tag), title: title(), body: body(text), author }.into()
}

fn drafted(text: &str) -> ArticleEvent {
    Drafted { locale: en(), title: title(), body: body(text), author: ADA }.into()
}

fn revised(text: &str, author: AgentId) -> ArticleEvent {
    Revised { locale: en(), title: title(), body: body(text), author }.into()
}

fn request() -> ArticleCommand {
    RequestReview { locale: en(), by: ADA }.into()
}

fn requested() -> ArticleEvent {
    ReviewRequested { locale: en(), by: ADA }.into()
}

fn review(outcome: ReviewOutcome, reviewer: AgentId) -> ArticleCommand {
    Review { locale: en(), outcome, reviewer, comment: None }.into()
}

fn reviewed(outcome: ReviewOutcome, reviewer: AgentId) -> ArticleEvent {
    Reviewed { locale: en(), outcome, reviewer, comment: None }.into()
}

fn publish() -> ArticleCommand {
    Publish { locale: en() }.into()
}

fn published(version: u32, text: &str) -> ArticleEvent {
    Published { locale: en(), version, title: title(), body: body(text) }.into()
}

fn approved(text: &str) -> Vec<ArticleEvent> {
    vec![drafted(text), requested(), reviewed(ReviewOutcome::Approved, BEN)]
}

fn shown(text: &str) -> Vec<ArticleEvent> {
    [approved(text), vec![published(1, text)]].concat()
}

#[test]
fn an_article_begins_with_a_draft_of_one_locale() {
    article([]).when(draft("en", "one", ADA)).then_expect_events(vec![drafted("one")]);
    article([]).when(publish()).then_expect_error(ArticleRefusal::NoSuchArticle);
    article([drafted("one")])
        .when(Publish { locale: locale("th") }.into())
        .then_expect_error(ArticleRefusal::NoSuchLocale { locale: locale("th") });
}

#[test]
fn a_draft_written_anew_is_a_revision_and_the_same_text_is_no_change() {
    let given = || article([drafted("one")]);
    given().when(draft("en", "two", ADA)).then_expect_events(vec![revised("two", ADA)]);
    given().when(draft("en", "one", ADA)).then_expect_events(vec![]);
    given().when(draft("en", "one", BEN)).then_expect_events(vec![revised("one", BEN)]);
}

#[test]
fn an_article_has_50_locales_at_most() {
    let many = (0..50).map(|it| {
        let locale = locale(&format!("en-{it}"));
        Drafted { locale, title: title(), body: body("x"), author: ADA }.into()
    });
    article(many)
        .when(draft("th", "x", ADA))
        .then_expect_error(ArticleRefusal::TooManyLocales { locales_max: 50 });
}

#[test]
fn a_review_is_asked_for_once() {
    article([drafted("one")]).when(request()).then_expect_events(vec![requested()]);
    article([drafted("one"), requested()]).when(request()).then_expect_events(vec![]);
    article(approved("one"))
        .when(request())
        .then_expect_error(ArticleRefusal::NothingToReview { locale: en() });
}

#[test]
fn only_a_draft_in_review_is_reviewed() {
    let approve = || review(ReviewOutcome::Approved, BEN);
    article([drafted("one")])
        .when(approve())
        .then_expect_error(ArticleRefusal::NotInReview { locale: en() });
    article([drafted("one"), requested()])
        .when(approve())
        .then_expect_events(vec![reviewed(ReviewOutcome::Approved, BEN)]);
}

#[test]
fn nobody_who_wrote_since_the_last_version_reviews_the_draft() {
    let given = || article([drafted("one"), revised("two", BEN), requested()]);
    for author in [ADA, BEN] {
        given()
            .when(review(ReviewOutcome::Approved, author))
            .then_expect_error(ArticleRefusal::ReviewerIsAuthor { reviewer: author });
    }
    given()
        .when(review(ReviewOutcome::Approved, EVE))
        .then_expect_events(vec![reviewed(ReviewOutcome::Approved, EVE)]);
    let next = [revised("two", BEN), requested()];
    article(shown("one").into_iter().chain(next))
        .when(review(ReviewOutcome::Approved, ADA))
        .then_expect_events(vec![reviewed(ReviewOutcome::Approved, ADA)]);
}

#[test]
fn only_an_approved_draft_is_published_and_as_it_was_approved() {
    article(approved("one")).when(publish()).then_expect_events(vec![published(1, "one")]);
    let refused = ArticleRefusal::NotApproved { locale: en() };
    assert_eq!(refused.code(), "NOT_APPROVED");
    let not_yet = [
        vec![drafted("one")],
        vec![drafted("one"), requested()],
        vec![drafted("one"), requested(), reviewed(ReviewOutcome::ChangesRequested, BEN)],
    ];
    for events in not_yet {
        article(events).when(publish()).then_expect_error(refused.clone());
    }
}

#[test]
fn a_revision_takes_the_approval_back() {
    let events = [approved("one"), vec![revised("two", ADA)]].concat();
    article(events).when(publish()).then_expect_error(ArticleRefusal::NotApproved { locale: en() });
}

#[test]
fn versions_count_up_within_a_locale_and_the_same_is_not_published_twice() {
    article(shown("one")).when(publish()).then_expect_events(vec![]);
    let next = [revised("two", ADA), requested(), reviewed(ReviewOutcome::Approved, EVE)];
    let events = [shown("one"), next.to_vec()].concat();
    article(events).when(publish()).then_expect_events(vec![published(2, "two")]);
}

#[test]
fn only_what_is_shown_is_retired_and_shown_again_after_another_review() {
    let retire = ArticleCommand::from(Retire { locale: en() });
    let retired = ArticleEvent::from(Retired { locale: en() });
    let refused = ArticleRefusal::NotPublished { locale: en() };
    article(approved("one")).when(retire.clone()).then_expect_error(refused.clone());
    article(shown("one")).when(retire.clone()).then_expect_events(vec![retired.clone()]);
    let hidden = [shown("one"), vec![retired]].concat();
    article(hidden.clone()).when(retire).then_expect_error(refused);
    article(hidden.clone())
        .when(publish())
        .then_expect_error(ArticleRefusal::NotApproved { locale: en() });
    let again = [requested(), reviewed(ReviewOutcome::Approved, BEN)];
    article(hidden.into_iter().chain(again))
        .when(publish())
        .then_expect_events(vec![published(2, "one")]);
}

#[test]
fn only_a_version_that_was_published_is_cited_and_each_use_is_recorded() {
    let cite = |version| {
        let conversation = CONVERSATION;
        ArticleCommand::from(Cite { locale: en(), version, conversation, agent: ADA })
    };
    let cited = ArticleEvent::from(Cited {
        locale: en(),
        version: 1,
        conversation: CONVERSATION,
        agent: ADA,
    });
    let used = [shown("one"), vec![cited.clone()]].concat();
    article(used).when(cite(1)).then_expect_events(vec![cited.clone()]);
    let retired = [shown("one"), vec![Retired { locale: en() }.into()]].concat();
    article(retired).when(cite(1)).then_expect_events(vec![cited]);
    for version in [0, 2] {
        article(shown("one"))
            .when(cite(version))
            .then_expect_error(ArticleRefusal::NoSuchVersion { locale: en(), version });
    }
    article(approved("one"))
        .when(cite(1))
        .then_expect_error(ArticleRefusal::NoSuchVersion { locale: en(), version: 1 });
}
