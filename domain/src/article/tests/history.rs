//! Random histories of an article, and the snapshot of one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    ADA, BEN, CONVERSATION, EVE, body, drafted, en, locale, published, requested, reviewed,
    revised, title,
};
use crate::{
    article::{
        Article, ArticleCommand, ArticleEvent, ArticleSnapshot, DraftState,
        command::{Cite, Draft, Publish, RequestReview, Retire, Review},
        event::{Cited, Retired},
    },
    ids::AgentId,
    laws::obeys_the_laws,
    text::Language,
    words::ReviewOutcome,
};

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn snapshot_of(events: &[ArticleEvent]) -> ArticleSnapshot {
    let mut snapshot = ArticleSnapshot::default();
    for (at, event) in (1..).zip(events) {
        snapshot.apply(event, second(at));
    }
    snapshot
}

#[test]
fn a_snapshot_shows_the_draft_the_versions_and_how_often_each_was_used() {
    let cited = Cited { locale: en(), version: 1, conversation: CONVERSATION, agent: EVE };
    let mut events = vec![
        drafted("one"),
        requested(),
        reviewed(ReviewOutcome::Approved, BEN),
        published(1, "one"),
        cited.clone().into(),
        cited.into(),
        revised("two", ADA),
    ];
    let snapshot = snapshot_of(&events);
    assert_eq!((snapshot.drafted_at, snapshot.changed_at), (Some(second(1)), Some(second(7))));
    let english = snapshot.locales.get(&en()).unwrap();
    assert_eq!((&english.draft.title, &english.draft.body), (&title(), &body("two")));
    assert_eq!((english.draft.state, english.draft.written_at), (DraftState::Written, second(7)));
    assert_eq!(english.draft.review, None, "what is written anew was not reviewed");
    assert_eq!(english.shown_version, Some(1));
    let version = english.versions.first().unwrap();
    assert_eq!((version.version, &version.body, version.citations), (1, &body("one"), 2));
    assert_eq!(version.published_at, second(4));

    events.push(Retired { locale: en() }.into());
    let hidden = snapshot_of(&events);
    let english = hidden.locales.get(&en()).unwrap();
    assert_eq!((english.shown_version, english.versions.len()), (None, 1));
}

#[test]
fn a_snapshot_shows_the_review_and_reads_back() {
    let changes = reviewed(ReviewOutcome::ChangesRequested, BEN);
    let snapshot = snapshot_of(&[drafted("one"), requested(), changes]);
    let draft = &snapshot.locales.get(&en()).unwrap().draft;
    assert_eq!(draft.state, DraftState::ChangesRequested);
    let review = draft.review.as_ref().unwrap();
    assert_eq!((review.reviewer, review.at), (BEN, second(3)));
    let stored = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<ArticleSnapshot>(&stored).unwrap(), snapshot);
}

fn an_agent() -> impl Strategy<Value = AgentId> {
    select(vec![ADA, BEN, EVE])
}

fn a_locale() -> impl Strategy<Value = Language> {
    prop_oneof![4 => Just(en()), 1 => Just(locale("th"))]
}

fn a_command() -> impl Strategy<Value = ArticleCommand> {
    prop_oneof![
        3 => (a_locale(), "[ab]", an_agent()).prop_map(|(locale, text, author)| {
            Draft { locale, title: title(), body: body(&text), author }.into()
        }),
        4 => (a_locale(), an_agent()).prop_map(|(locale, by)| RequestReview { locale, by }.into()),
        4 => (a_locale(), select(ReviewOutcome::ALL), an_agent()).prop_map(
            |(locale, outcome, reviewer)| {
                Review { locale, outcome, reviewer, comment: None }.into()
            }
        ),
        4 => a_locale().prop_map(|locale| Publish { locale }.into()),
        1 => a_locale().prop_map(|locale| Retire { locale }.into()),
        2 => (a_locale(), 0..4_u32, an_agent()).prop_map(|(locale, version, agent)| {
            Cite { locale, version, conversation: CONVERSATION, agent }.into()
        }),
    ]
}

/// What a reader of the events alone knows of a locale.
#[derive(Default)]
struct Witness {
    text: Option<super::ArticleBody>,
    approved: bool,
    writers: Vec<AgentId>,
    versions: u32,
}

impl Witness {
    fn wrote(&mut self, text: &super::ArticleBody, author: AgentId) {
        self.text = Some(text.clone());
        self.approved = false;
        self.writers.push(author);
    }
}

/// The rules, told by the events alone.
fn watch(witnesses: &mut BTreeMap<Language, Witness>, event: &ArticleEvent) {
    let mut of = |locale: &Language| std::mem::take(witnesses.entry(locale.clone()).or_default());
    let (locale, witness) = match event {
        ArticleEvent::Drafted(event) => {
            let mut witness = of(&event.locale);
            assert_eq!(witness.text, None, "a locale is drafted once, then revised");
            witness.wrote(&event.body, event.author);
            (&event.locale, witness)
        }
        ArticleEvent::Revised(event) => {
            let mut witness = of(&event.locale);
            witness.wrote(&event.body, event.author);
            (&event.locale, witness)
        }
        ArticleEvent::Reviewed(event) => {
            let mut witness = of(&event.locale);
            assert!(!witness.writers.contains(&event.reviewer), "no author reviews");
            witness.approved = event.outcome == ReviewOutcome::Approved;
            (&event.locale, witness)
        }
        ArticleEvent::Published(event) => {
            let mut witness = of(&event.locale);
            assert!(witness.approved, "only what was approved is published");
            assert_eq!(witness.text.as_ref(), Some(&event.body), "as it was approved");
            assert_eq!(event.version, witness.versions + 1, "versions count up");
            let writers = vec![];
            witness = Witness { approved: false, writers, versions: event.version, ..witness };
            (&event.locale, witness)
        }
        ArticleEvent::Cited(event) => {
            let witness = of(&event.locale);
            assert!((1..=witness.versions).contains(&event.version), "cited after publishing");
            (&event.locale, witness)
        }
        ArticleEvent::ReviewRequested(event) => (&event.locale, of(&event.locale)),
        ArticleEvent::Retired(event) => (&event.locale, of(&event.locale)),
    };
    witnesses.insert(locale.clone(), witness);
}

proptest! {
    #[test]
    fn an_article_obeys_the_laws_of_aggregates(commands in vec(a_command(), 0..60)) {
        let always_records = |command: &ArticleCommand| matches!(command, ArticleCommand::Cite(_));
        obeys_the_laws::<Article>(commands, always_records);
    }

    #[test]
    fn whatever_is_asked_only_approved_texts_are_published_and_no_author_reviews(
        commands in vec(a_command(), 0..80),
    ) {
        let mut article = Article::default();
        let mut witnesses = BTreeMap::new();
        for command in commands {
            for event in article.decide(command).unwrap_or_default() {
                watch(&mut witnesses, &event);
                article.evolve(&event);
            }
        }
    }
}
