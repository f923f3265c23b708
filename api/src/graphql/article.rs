//! Knowledge articles, each in several locales.

use std::sync::Arc;

use allhours_domain::{
    article::{ArticleEvent, DraftState as Domain, snapshot::LocaleSnapshot},
    catalogue::AnyEvent,
    ids::{AgentId, ArticleId},
};
use allhours_eventstore::recorded::Position;
use allhours_projections::articles::{ArticleRow, DraftState as Stored};
use async_graphql::{Context, Enum, ID, Object, Result};
use jiff::Timestamp;

use super::{
    agent::Agent,
    id::Kind,
    loaders::Loaders,
    scalars::{DateTime, Language, count},
    viewer::{Role, Viewer},
};

/// How far a draft has come.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub enum DraftState {
    /// Being written.
    Draft,
    /// Waiting for a reviewer.
    InReview,
    /// Approved; it may be published.
    Approved,
    /// A reviewer wants it changed.
    ChangesRequested,
    /// It is what is published.
    Published,
}

impl From<Stored> for DraftState {
    fn from(state: Stored) -> Self {
        match state {
            Stored::None => Self::Published,
            Stored::Draft => Self::Draft,
            Stored::InReview => Self::InReview,
            Stored::Approved => Self::Approved,
            Stored::ChangesRequested => Self::ChangesRequested,
        }
    }
}

#[derive(Debug, Clone)]
enum Body {
    Here(Option<String>),
    At(Option<Position>),
}

/// An article in one locale.
#[derive(Debug, Clone)]
pub struct ArticleLocale {
    article: ArticleId,
    locale: allhours_domain::text::Language,
    state: DraftState,
    draft_title: String,
    draft_body: Body,
    author: AgentId,
    version: Option<i32>,
    title: Option<String>,
    body: Body,
    published_at: Option<Timestamp>,
    citations: i32,
}

impl From<&ArticleRow> for ArticleLocale {
    fn from(row: &ArticleRow) -> Self {
        Self {
            article: row.id,
            locale: row.locale.clone(),
            state: row.draft_state.into(),
            draft_title: row.title.to_string(),
            draft_body: Body::At(Some(row.draft_position)),
            author: row.author_id,
            version: row.published_version,
            title: row.published_title.as_ref().map(ToString::to_string),
            body: Body::At(row.published_position),
            published_at: row.published_at,
            citations: row.citations,
        }
    }
}

impl ArticleLocale {
    fn of(
        article: ArticleId,
        locale: &allhours_domain::text::Language,
        snapshot: &LocaleSnapshot,
    ) -> Self {
        let shown = snapshot
            .shown_version
            .and_then(|number| snapshot.versions.iter().find(|it| it.version == number));
        let citations = snapshot.versions.iter().map(|it| it.citations).sum::<u64>();
        Self {
            article,
            locale: locale.clone(),
            state: snapshot.draft.state.into(),
            draft_title: snapshot.draft.title.to_string(),
            draft_body: Body::Here(Some(snapshot.draft.body.to_string())),
            author: snapshot.draft.author,
            version: shown.map(|it| count(it.version)),
            title: shown.map(|it| it.title.to_string()),
            body: Body::Here(shown.map(|it| it.body.to_string())),
            published_at: shown.map(|it| it.published_at),
            citations: count(citations),
        }
    }

    /// Whether the viewer may see it: customers see what is published only.
    #[must_use]
    pub fn is_for(&self, viewer: &Viewer) -> bool {
        viewer.role != Role::Customer || self.version.is_some()
    }
}

async fn body(ctx: &Context<'_>, body: &Body) -> Result<Option<String>> {
    let position = match body {
        Body::Here(text) => return Ok(text.clone()),
        Body::At(None) => return Ok(None),
        Body::At(Some(position)) => *position,
    };
    let event = Loaders::of(ctx)?.events.load_one(position).await?;
    let Some(AnyEvent::Article(event)) = event.as_deref().map(|(_, event)| event) else {
        return Ok(None);
    };
    Ok(match event {
        ArticleEvent::Drafted(it) => Some(it.body.to_string()),
        ArticleEvent::Revised(it) => Some(it.body.to_string()),
        ArticleEvent::Published(it) => Some(it.body.to_string()),
        ArticleEvent::ReviewRequested(_)
        | ArticleEvent::Reviewed(_)
        | ArticleEvent::Retired(_)
        | ArticleEvent::Cited(_) => None,
    })
}

/// A draft of a locale; customers see none.
#[derive(Debug, Clone)]
pub struct ArticleDraft(ArticleLocale);

/// The newest draft of an article in one locale.
#[Object]
impl ArticleDraft {
    /// How far it has come.
    async fn state(&self) -> DraftState {
        self.0.state
    }

    /// The title.
    async fn title(&self) -> &str {
        &self.0.draft_title
    }

    /// The text, in Markdown.
    async fn body(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        body(ctx, &self.0.draft_body).await
    }

    /// Who wrote it.
    async fn author(&self) -> Agent {
        Agent::of(self.0.author)
    }
}

/// An article in one locale.
#[Object]
impl ArticleLocale {
    /// The global id of the article.
    async fn article_id(&self) -> ID {
        Kind::Article.id(self.article)
    }

    /// Which locale.
    async fn locale(&self) -> Language {
        Language(self.locale.clone())
    }

    /// The newest draft; none for customers.
    async fn draft(&self, ctx: &Context<'_>) -> Result<Option<ArticleDraft>> {
        let hidden = Viewer::of(ctx)?.role == Role::Customer;
        Ok((!hidden).then(|| ArticleDraft(self.clone())))
    }

    /// The published version, from 1; none where it is not shown.
    async fn version(&self) -> Option<i32> {
        self.version
    }

    /// The title as published.
    async fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The text as published, in Markdown.
    async fn body(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        body(ctx, &self.body).await
    }

    /// When it was published.
    async fn published_at(&self) -> Option<DateTime> {
        self.published_at.map(DateTime)
    }

    /// In how many answers it was used.
    async fn citations(&self) -> i32 {
        self.citations
    }
}

/// A knowledge article.
#[derive(Debug, Clone)]
pub struct Article {
    id: ArticleId,
    version: i32,
    locales: Arc<Vec<ArticleLocale>>,
}

impl Article {
    /// As its stream says; none where there is none for this viewer.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn read(ctx: &Context<'_>, id: ArticleId) -> Result<Option<Self>> {
        let viewer = Viewer::of(ctx)?;
        let found = Loaders::of(ctx)?.articles.load_one(id).await?;
        let Some((version, snapshot)) = found.as_deref() else { return Ok(None) };
        let locales = snapshot.locales.iter();
        let locales: Vec<_> = locales
            .map(|(locale, it)| ArticleLocale::of(id, locale, it))
            .filter(|locale| locale.is_for(viewer))
            .collect();
        let version = *version;
        Ok((!locales.is_empty()).then(|| Self { id, version, locales: Arc::new(locales) }))
    }
}

/// A knowledge article.
#[Object]
impl Article {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Article.id(self.id)
    }

    /// The version of its stream, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.version
    }

    /// Its locales; customers see those that are published. At most 50.
    async fn locales(&self) -> &[ArticleLocale] {
        &self.locales
    }
}

impl From<Domain> for DraftState {
    fn from(state: Domain) -> Self {
        match state {
            Domain::Written => Self::Draft,
            Domain::InReview => Self::InReview,
            Domain::Approved => Self::Approved,
            Domain::ChangesRequested => Self::ChangesRequested,
            Domain::Published => Self::Published,
        }
    }
}
