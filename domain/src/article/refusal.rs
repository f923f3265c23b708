//! Why an article says no.

use crate::{decider::Refusal, ids::AgentId, text::Language};

/// A rule of an article that a command would have broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArticleRefusal {
    /// Nobody ever drafted it, in any locale.
    #[error("there is no such article")]
    NoSuchArticle,
    /// Nobody ever drafted it in this locale.
    #[error("the article has no draft in `{locale}`")]
    NoSuchLocale {
        /// As asked.
        locale: Language,
    },
    /// As many locales as may be.
    #[error("an article has {locales_max} locales at most")]
    TooManyLocales {
        /// The limit.
        locales_max: usize,
    },
    /// The draft is approved or published as it stands.
    #[error("the draft in `{locale}` is approved already")]
    NothingToReview {
        /// As asked.
        locale: Language,
    },
    /// Nobody asked for a review of this draft.
    #[error("nobody asked for a review of the draft in `{locale}`")]
    NotInReview {
        /// As asked.
        locale: Language,
    },
    /// Who wrote the draft can't review it.
    #[error("who wrote a draft can't review it")]
    ReviewerIsAuthor {
        /// Who.
        reviewer: AgentId,
    },
    /// The draft is not approved.
    #[error("the draft in `{locale}` is not approved")]
    NotApproved {
        /// As asked.
        locale: Language,
    },
    /// The locale is not shown.
    #[error("the article is not published in `{locale}`")]
    NotPublished {
        /// As asked.
        locale: Language,
    },
    /// No version of this number was ever published.
    #[error("no version {version} was published in `{locale}`")]
    NoSuchVersion {
        /// As asked.
        locale: Language,
        /// As asked.
        version: u32,
    },
}

impl Refusal for ArticleRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchArticle => "NO_SUCH_ARTICLE",
            Self::NoSuchLocale { .. } => "NO_SUCH_LOCALE",
            Self::TooManyLocales { .. } => "TOO_MANY_LOCALES",
            Self::NothingToReview { .. } => "NOTHING_TO_REVIEW",
            Self::NotInReview { .. } => "NOT_IN_REVIEW",
            Self::ReviewerIsAuthor { .. } => "REVIEWER_IS_AUTHOR",
            Self::NotApproved { .. } => "NOT_APPROVED",
            Self::NotPublished { .. } => "NOT_PUBLISHED",
            Self::NoSuchVersion { .. } => "NO_SUCH_VERSION",
        }
    }
}
