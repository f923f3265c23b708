//! A knowledge article: drafted, reviewed and published, locale by locale.
//!
//! Read `command`, then `event`, then `decide`; `snapshot` is the article as people see it.
//! The state holds the text of each draft, because publishing records what was approved.

mod aggregate;
pub mod command;
mod decide;
pub mod event;
mod refusal;
pub mod snapshot;
#[cfg(test)]
mod tests;
pub mod upcast;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::{
    command::ArticleCommand, event::ArticleEvent, refusal::ArticleRefusal,
    snapshot::ArticleSnapshot,
};
use crate::{
    ids::AgentId,
    text::{ArticleBody, Language, Name},
    words::ReviewOutcome,
};

/// What past events say about one article.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    locales: BTreeMap<Language, Locale>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Locale {
    title: Name,
    body: ArticleBody,
    author: AgentId,
    /// Everybody who wrote since the last published version; none of them may review.
    authors: BTreeSet<AgentId>,
    draft: DraftState,
    versions_published: u32,
    shown: bool,
}

/// How far the draft of a locale has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftState {
    /// Written, and nobody asked for a review.
    Written,
    /// A review was asked for.
    InReview,
    /// The reviewer wants it changed.
    ChangesRequested,
    /// It may be published.
    Approved,
    /// It is what was published last; nothing was written since.
    Published,
}

impl DraftState {
    /// What a review makes of a draft.
    fn reviewed(outcome: ReviewOutcome) -> Self {
        match outcome {
            ReviewOutcome::Approved => Self::Approved,
            ReviewOutcome::ChangesRequested => Self::ChangesRequested,
        }
    }

    /// What retiring makes of a draft: shown again, it is reviewed again.
    fn retired(self) -> Self {
        match self {
            Self::Published => Self::Written,
            Self::Written | Self::InReview | Self::ChangesRequested | Self::Approved => self,
        }
    }
}

impl Article {
    /// The most locales.
    pub const LOCALES_MAX: usize = 50;

    /// Folds one event into the state.
    pub fn evolve(&mut self, event: &ArticleEvent) {
        match event {
            ArticleEvent::Drafted(event) => {
                self.write(&event.locale, &event.title, &event.body, event.author);
            }
            ArticleEvent::Revised(event) => {
                self.write(&event.locale, &event.title, &event.body, event.author);
            }
            ArticleEvent::ReviewRequested(event) => {
                self.change(&event.locale, |it| it.draft = DraftState::InReview);
            }
            ArticleEvent::Reviewed(event) => {
                self.change(&event.locale, |it| it.draft = DraftState::reviewed(event.outcome));
            }
            ArticleEvent::Published(event) => self.change(&event.locale, |it| {
                it.draft = DraftState::Published;
                it.versions_published = event.version;
                it.shown = true;
                it.authors.clear();
            }),
            ArticleEvent::Retired(event) => self.change(&event.locale, |it| {
                it.draft = it.draft.retired();
                it.shown = false;
            }),
            ArticleEvent::Cited(_) => {}
        }
    }

    fn write(&mut self, language: &Language, title: &Name, body: &ArticleBody, author: AgentId) {
        let before = self.locales.remove(language);
        let mut authors = before.as_ref().map(|it| it.authors.clone()).unwrap_or_default();
        authors.insert(author);
        let locale = Locale {
            title: title.clone(),
            body: body.clone(),
            author,
            authors,
            draft: DraftState::Written,
            versions_published: before.as_ref().map_or(0, |it| it.versions_published),
            shown: before.is_some_and(|it| it.shown),
        };
        self.locales.insert(language.clone(), locale);
    }

    fn change(&mut self, language: &Language, change: impl FnOnce(&mut Locale)) {
        if let Some(locale) = self.locales.get_mut(language) {
            change(locale);
        }
    }
}
