//! An article as people see it, at any point of its stream.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    DraftState,
    event::{ArticleEvent, Published, Reviewed},
};
use crate::{
    ids::AgentId,
    text::{ArticleBody, Language, Name, Reason},
    words::ReviewOutcome,
};

/// The fold of an article's stream; the default is an article nobody drafted yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArticleSnapshot {
    /// When it was drafted first; none before.
    pub drafted_at: Option<Timestamp>,
    /// Each locale that was ever drafted.
    pub locales: BTreeMap<Language, LocaleSnapshot>,
    /// When anything changed last.
    pub changed_at: Option<Timestamp>,
}

/// An article in one locale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocaleSnapshot {
    /// The newest draft.
    pub draft: DraftSnapshot,
    /// Every version that was ever published, oldest first.
    pub versions: Vec<VersionSnapshot>,
    /// The number of the version that is shown; none where none is.
    pub shown_version: Option<u32>,
}

/// The newest draft of a locale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftSnapshot {
    /// The title.
    pub title: Name,
    /// The text, in Markdown.
    pub body: ArticleBody,
    /// Who wrote it.
    pub author: AgentId,
    /// When it was written.
    pub written_at: Timestamp,
    /// How far it has come.
    pub state: DraftState,
    /// The last review of this draft.
    pub review: Option<ReviewSnapshot>,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewSnapshot {
    /// Approved or not.
    pub outcome: ReviewOutcome,
    /// Who reviewed.
    pub reviewer: AgentId,
    /// What was said.
    pub comment: Option<Reason>,
    /// When.
    pub at: Timestamp,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionSnapshot {
    /// Its number within the locale, from 1.
    pub version: u32,
    /// The title as published.
    pub title: Name,
    /// The text as published.
    pub body: ArticleBody,
    /// When it was published.
    pub published_at: Timestamp,
    /// In how many answers it was used.
    pub citations: u64,
}

impl ArticleSnapshot {
    /// Folds one event that happened `at`.
    pub fn apply(&mut self, event: &ArticleEvent, at: Timestamp) {
        self.drafted_at = self.drafted_at.or(Some(at));
        self.changed_at = Some(at);
        match event {
            ArticleEvent::Drafted(event) => {
                self.written(&event.locale, draft(&event.title, &event.body, event.author, at));
            }
            ArticleEvent::Revised(event) => {
                self.written(&event.locale, draft(&event.title, &event.body, event.author, at));
            }
            ArticleEvent::ReviewRequested(event) => {
                self.change(&event.locale, |it| it.draft.state = DraftState::InReview);
            }
            ArticleEvent::Reviewed(event) => {
                self.change(&event.locale, |it| it.reviewed(event, at));
            }
            ArticleEvent::Published(event) => {
                self.change(&event.locale, |it| it.published(event, at));
            }
            ArticleEvent::Retired(event) => self.change(&event.locale, |it| {
                it.draft.state = it.draft.state.retired();
                it.shown_version = None;
            }),
            ArticleEvent::Cited(event) => {
                self.change(&event.locale, |it| it.cited(event.version));
            }
        }
    }

    fn written(&mut self, language: &Language, draft: DraftSnapshot) {
        if let Some(locale) = self.locales.get_mut(language) {
            locale.draft = draft;
        } else {
            let locale = LocaleSnapshot { draft, versions: Vec::new(), shown_version: None };
            self.locales.insert(language.clone(), locale);
        }
    }

    fn change(&mut self, language: &Language, change: impl FnOnce(&mut LocaleSnapshot)) {
        if let Some(locale) = self.locales.get_mut(language) {
            change(locale);
        }
    }
}

impl LocaleSnapshot {
    fn reviewed(&mut self, event: &Reviewed, at: Timestamp) {
        self.draft.state = DraftState::reviewed(event.outcome);
        self.draft.review = Some(ReviewSnapshot {
            outcome: event.outcome,
            reviewer: event.reviewer,
            comment: event.comment.clone(),
            at,
        });
    }

    fn published(&mut self, event: &Published, at: Timestamp) {
        self.draft.state = DraftState::Published;
        self.shown_version = Some(event.version);
        self.versions.push(VersionSnapshot {
            version: event.version,
            title: event.title.clone(),
            body: event.body.clone(),
            published_at: at,
            citations: 0,
        });
    }

    fn cited(&mut self, version: u32) {
        if let Some(cited) = self.versions.iter_mut().find(|it| it.version == version) {
            cited.citations += 1;
        }
    }
}

fn draft(title: &Name, body: &ArticleBody, author: AgentId, at: Timestamp) -> DraftSnapshot {
    DraftSnapshot {
        title: title.clone(),
        body: body.clone(),
        author,
        written_at: at,
        state: DraftState::Written,
        review: None,
    }
}
