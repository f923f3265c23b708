//! What can be asked of a knowledge article.

use crate::{
    decider::commands,
    ids::{AgentId, ConversationId},
    text::{ArticleBody, Language, Name, Reason},
    words::ReviewOutcome,
};

commands! {
    /// Something asked of an article.
    ArticleCommand;
    /// Writes a draft of a locale: the first one, a further locale, or anew.
    Draft {
        /// Which locale; at most 50.
        locale: Language,
        /// The title.
        title: Name,
        /// The text.
        body: ArticleBody,
        /// Who writes.
        author: AgentId,
    }
    /// Asks for a review.
    RequestReview {
        /// Which locale.
        locale: Language,
        /// Who asks.
        by: AgentId,
    }
    /// Gives a review. Refused to the author of the draft.
    Review {
        /// Which locale.
        locale: Language,
        /// Approved or not.
        outcome: ReviewOutcome,
        /// Who reviews.
        reviewer: AgentId,
        /// What is said.
        comment: Option<Reason>,
    }
    /// Publishes the approved draft.
    Publish {
        /// Which locale.
        locale: Language,
    }
    /// Shows a locale no longer.
    Retire {
        /// Which locale.
        locale: Language,
    }
    /// Records its use in an answer. Refused for a version that was never published.
    Cite {
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
