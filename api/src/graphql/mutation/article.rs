//! Knowledge articles: drafting, reviewing, publishing, citing.

use allhours_domain::{
    article::{Article as Aggregate, command},
    ids::ArticleId,
    text::{ArticleBody, Name, Reason},
};
use async_graphql::ID;

use crate::graphql::{
    article::Article,
    call::{Call, Granted, Problem, checked},
    id::Kind,
    payload::{code_meaning, mutations},
    scalars::Language,
    words::ReviewOutcome,
};

async fn on(
    call: &Call<'_>,
    id: &ID,
    command: impl Into<command::ArticleCommand>,
) -> Granted<Article> {
    let id = call.known::<Aggregate>(Kind::Article, "articleId", id).await?;
    carry_out(call, ArticleId(id), command).await
}

async fn carry_out(
    call: &Call<'_>,
    id: ArticleId,
    command: impl Into<command::ArticleCommand>,
) -> Granted<Article> {
    let done = call.execute::<Aggregate>(id, command).await?;
    let article = Article::read(call.ctx, id).await?;
    Ok((done, article.ok_or_else(|| Problem::not_found("articleId"))?))
}

mutations! {
    /// Knowledge articles.
    ArticleMutations;

    /// Writes a draft: of a new article, of a further locale, or anew.
    article_draft ArticleDraft -> article: Article,
    input {
        /// Which article; none makes a new one.
        article_id: Option<ID>,
        /// Which locale.
        locale: Language,
        /// The title.
        title: String,
        /// The text, in Markdown; up to 200,000 characters.
        body: String,
    },
    refuses { TooManyLocales },
    |call, input| {
        let command = command::Draft {
            locale: input.locale.0,
            title: checked("title", Name::new(input.title))?,
            body: checked("body", ArticleBody::new(input.body))?,
            author: call.agent()?,
        };
        match &input.article_id {
            Some(id) => on(call, id, command).await,
            None => carry_out(call, ArticleId(call.new_id("article")), command).await,
        }
    }

    /// Asks for a review of a draft.
    article_request_review ArticleRequestReview -> article: Article,
    input {
        /// Which article.
        article_id: ID,
        /// Which locale.
        locale: Language,
    },
    refuses { NoSuchLocale, NothingToReview },
    |call, input| {
        let command = command::RequestReview { locale: input.locale.0, by: call.agent()? };
        on(call, &input.article_id, command).await
    }

    /// Reviews a draft. Refused to its author.
    article_review ArticleReview -> article: Article,
    input {
        /// Which article.
        article_id: ID,
        /// Which locale.
        locale: Language,
        /// Approved or not.
        outcome: ReviewOutcome,
        /// What is said.
        comment: Option<String>,
    },
    refuses { NoSuchLocale, NotInReview, ReviewerIsAuthor },
    |call, input| {
        let command = command::Review {
            locale: input.locale.0,
            outcome: input.outcome.into(),
            reviewer: call.agent()?,
            comment: checked("comment", input.comment.map(Reason::new).transpose())?,
        };
        on(call, &input.article_id, command).await
    }

    /// Publishes the approved draft of a locale.
    article_publish ArticlePublish -> article: Article,
    input {
        /// Which article.
        article_id: ID,
        /// Which locale.
        locale: Language,
    },
    refuses { NoSuchLocale, NotApproved },
    |call, input| {
        on(call, &input.article_id, command::Publish { locale: input.locale.0 }).await
    }

    /// Shows a locale of an article no longer.
    article_retire ArticleRetire -> article: Article,
    input {
        /// Which article.
        article_id: ID,
        /// Which locale.
        locale: Language,
    },
    refuses { NoSuchLocale, NotPublished },
    |call, input| {
        on(call, &input.article_id, command::Retire { locale: input.locale.0 }).await
    }

    /// Records that a published version was used to answer a conversation.
    article_cite ArticleCite -> article: Article,
    input {
        /// Which article.
        article_id: ID,
        /// Which locale.
        locale: Language,
        /// Which version.
        version: i32,
        /// In which conversation.
        conversation_id: ID,
    },
    refuses { NoSuchLocale, NoSuchVersion },
    |call, input| {
        let conversation = call.known_conversation("conversationId", &input.conversation_id);
        let command = command::Cite {
            locale: input.locale.0,
            version: u32::try_from(input.version).unwrap_or_default(),
            conversation: conversation.await?,
            agent: call.agent()?,
        };
        on(call, &input.article_id, command).await
    }
}
