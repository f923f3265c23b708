//! What has happened to a knowledge article.

use serde::{Deserialize, Serialize};

use crate::{
    decider::{events, shapes},
    ids::{AgentId, ConversationId},
    text::{ArticleBody, Language, Name, Reason},
    words::ReviewOutcome,
};

events! {
    /// A fact about one article.
    pub enum ArticleEvent, upcast = super::upcast::upcast {
        #[doc = "The first draft of a locale was written."]
        Drafted = "article.drafted", 1;
        #[doc = "The draft of a locale was written anew."]
        Revised = "article.revised", 1;
        #[doc = "Somebody asked for a review of a locale's draft."]
        ReviewRequested = "article.review_requested", 1;
        #[doc = "A reviewer approved the draft or asked for changes."]
        Reviewed = "article.reviewed", 1;
        #[doc = "The approved draft became the published version of its locale."]
        Published = "article.published", 1;
        #[doc = "A locale is no longer shown to anybody."]
        Retired = "article.retired", 1;
        #[doc = "A published version was used to answer a conversation."]
        Cited = "article.cited", 1;
    }
}

shapes! {
    /// A first draft.
    Drafted {
        /// Which locale.
        locale: Language,
        /// The title.
        title: Name,
        /// The text, in Markdown.
        body: ArticleBody,
        /// Who wrote.
        author: AgentId,
    }
    /// A draft was written anew.
    Revised {
        /// Which locale.
        locale: Language,
        /// The title.
        title: Name,
        /// The text, in Markdown.
        body: ArticleBody,
        /// Who wrote.
        author: AgentId,
    }
    /// A review was asked for.
    ReviewRequested {
        /// Which locale.
        locale: Language,
        /// Who asked.
        by: AgentId,
    }
    /// A review was given.
    Reviewed {
        /// Which locale.
        locale: Language,
        /// Approved or not.
        outcome: ReviewOutcome,
        /// Who reviewed; never the author.
        reviewer: AgentId,
        /// What was said.
        comment: Option<Reason>,
    }
    /// A version was published.
    Published {
        /// Which locale.
        locale: Language,
        /// Its number within the locale, from 1.
        version: u32,
        /// The title as published.
        title: Name,
        /// The text as published.
        body: ArticleBody,
    }
    /// A locale is no longer shown.
    Retired {
        /// Which locale.
        locale: Language,
    }
    /// It was used in an answer.
    Cited {
        /// Which locale.
        locale: Language,
        /// Which version.
        version: u32,
        /// In which conversation.
        conversation: ConversationId,
        /// By whom.
        agent: AgentId,
    }
}
