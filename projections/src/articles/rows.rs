//! What stands in the table of articles.

use allhours_domain::{
    ids::{AgentId, ArticleId, TenantId},
    text::{Language, Name},
};
use allhours_eventstore::recorded::Position;
use jiff::Timestamp;

use crate::rows::table;

/// Where the draft of a locale stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DraftState {
    /// There is none newer than what is published.
    None,
    /// Being written.
    Draft,
    /// Waiting for a reviewer.
    InReview,
    /// Approved; it may be published.
    Approved,
    /// A reviewer wants it changed.
    ChangesRequested,
}

impl DraftState {
    /// Every state.
    pub const ALL: &[Self] =
        &[Self::None, Self::Draft, Self::InReview, Self::Approved, Self::ChangesRequested];

    /// The stored form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes_requested",
        }
    }

    /// From the stored form.
    #[must_use]
    pub fn parse(stored: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == stored)
    }
}

crate::columns::word_columns! { DraftState, }

table! {
    /// One locale of an article. The bodies stand in the events named here.
    ArticleRow in "articles" by (tenant_id: TenantId, id: ArticleId, locale: Language) {
        /// Whose desk.
        tenant_id: TenantId,
        /// Which article.
        id: ArticleId,
        /// Which locale.
        locale: Language,
        /// Where the draft stands.
        draft_state: DraftState,
        /// The title of the newest draft.
        title: Name,
        /// The event that holds the newest draft.
        draft_position: Position,
        /// Who wrote it.
        author_id: AgentId,
        /// The published version, from 1; none before the first and after retiring.
        published_version: Option<i32>,
        /// The title as published.
        published_title: Option<Name>,
        /// The event that holds the published text.
        published_position: Option<Position>,
        /// When it was published last.
        published_at: Option<Timestamp>,
        /// Whether the locale is no longer shown to anybody.
        retired: bool,
        /// How often it was used in answers.
        citations: i32,
        /// When the first draft was written.
        created_at: Timestamp,
        /// When it changed last, other than by being used.
        updated_at: Timestamp,
        /// The version of the article's stream.
        version: i32,
        /// The event that changed it last.
        updated_position: Position,
    }
}
