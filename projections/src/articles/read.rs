//! What is asked of articles.

use allhours_domain::{ids::ArticleId, text::Language};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Client,
    articles::{ArticleRow, DraftState},
    error::ProjectionError,
    page::{Page, Span, rows_to_read},
    rows::Row,
    sql::sql,
};

/// Which locales of articles; every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArticleFilter {
    /// In this locale.
    pub locale: Option<Language>,
    /// With the draft in this state.
    pub draft_state: Option<DraftState>,
    /// Only those that are published.
    pub published_only: bool,
    /// Also those that are retired.
    pub retired_too: bool,
}

/// Where a page of articles ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArticleKey {
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Which article.
    pub id: ArticleId,
    /// Which locale.
    pub locale: Language,
}

impl From<&ArticleRow> for ArticleKey {
    fn from(row: &ArticleRow) -> Self {
        Self { updated_at: row.updated_at, id: row.id, locale: row.locale.clone() }
    }
}

/// Every locale of the articles with these ids, by id and locale.
///
/// # Errors
///
/// A failure of the database.
pub async fn by_ids(
    client: &Client,
    ids: &[ArticleId],
) -> Result<Vec<ArticleRow>, ProjectionError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let statement = client.prepare_cached(sql!("articles/by_ids")).await?;
    client.query(&statement, &[&ids]).await?.iter().map(ArticleRow::read).collect()
}

/// A page of the filtered locales of articles, the last changed first.
///
/// # Errors
///
/// A failure of the database.
pub async fn list(
    client: &Client,
    filter: &ArticleFilter,
    span: &Span<ArticleKey>,
) -> Result<Page<ArticleRow>, ProjectionError> {
    let statement = span.either(sql!("articles/list"), sql!("articles/list_back"));
    let statement = client.prepare_cached(statement).await?;
    let (after, before) = (span.after.as_ref(), span.before.as_ref());
    let rows = client
        .query(
            &statement,
            &[
                &filter.locale.as_ref().map(Language::as_str),
                &filter.draft_state.map(DraftState::as_str),
                &filter.published_only,
                &filter.retired_too,
                &after.map(|key| key.updated_at),
                &after.map(|key| key.id.0),
                &after.map(|key| key.locale.as_str()),
                &before.map(|key| key.updated_at),
                &before.map(|key| key.id.0),
                &before.map(|key| key.locale.as_str()),
                &rows_to_read(span.limit),
            ],
        )
        .await?;
    let rows = rows.iter().map(ArticleRow::read).collect::<Result<_, _>>()?;
    Ok(Page::spanning(rows, span))
}
