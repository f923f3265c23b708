//! How events change articles.

use allhours_domain::{
    article::{ArticleEvent, event::Drafted},
    catalogue::AnyEvent,
    ids::{ArticleId, TenantId},
    text::Language,
    words::ReviewOutcome,
};
use allhours_eventstore::recorded::Recorded;
use jiff::Timestamp;

use crate::{
    articles::{ArticleRow, DraftState},
    columns::whole_microseconds,
    fold::Fold,
    rows::Rows,
    table::Table,
};

/// The rows of articles in memory.
#[derive(Debug, Default)]
pub struct Articles {
    /// A row for each locale.
    pub rows: Rows<ArticleRow>,
}

impl Fold for Articles {
    fn touch(&mut self, recorded: &Recorded, event: &AnyEvent) {
        if let AnyEvent::Article(event) = event {
            self.rows.want(key(recorded, locale(event)));
        }
    }

    fn apply(&mut self, recorded: &Recorded, event: &AnyEvent) {
        let AnyEvent::Article(event) = event else { return };
        let row = self.rows.change(&key(recorded, locale(event)));
        let at = whole_microseconds(recorded.occurred_at);
        // A retired locale that is drafted again goes on as the same row.
        if let (None, ArticleEvent::Drafted(event)) = (row.as_ref(), event) {
            *row = Some(drafted(recorded, at, event));
        }
        if let Some(row) = row {
            row.evolve(recorded, at, event);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Table> {
        vec![&mut self.rows]
    }
}

fn key(recorded: &Recorded, locale: &Language) -> (TenantId, ArticleId, Language) {
    (recorded.tenant, ArticleId(recorded.stream.id), locale.clone())
}

fn locale(event: &ArticleEvent) -> &Language {
    match event {
        ArticleEvent::Drafted(event) => &event.locale,
        ArticleEvent::Revised(event) => &event.locale,
        ArticleEvent::ReviewRequested(event) => &event.locale,
        ArticleEvent::Reviewed(event) => &event.locale,
        ArticleEvent::Published(event) => &event.locale,
        ArticleEvent::Retired(event) => &event.locale,
        ArticleEvent::Cited(event) => &event.locale,
    }
}

fn drafted(recorded: &Recorded, at: Timestamp, event: &Drafted) -> ArticleRow {
    ArticleRow {
        tenant_id: recorded.tenant,
        id: ArticleId(recorded.stream.id),
        locale: event.locale.clone(),
        draft_state: DraftState::Draft,
        title: event.title.clone(),
        draft_position: recorded.position,
        author_id: event.author,
        published_version: None,
        published_title: None,
        published_position: None,
        published_at: None,
        retired: false,
        citations: 0,
        created_at: at,
        updated_at: at,
        version: 0,
        updated_position: 0,
    }
}

impl ArticleRow {
    fn evolve(&mut self, recorded: &Recorded, at: Timestamp, event: &ArticleEvent) {
        match event {
            ArticleEvent::Drafted(event) => {
                self.retired = false;
                self.draft_state = DraftState::Draft;
                self.title.clone_from(&event.title);
                self.draft_position = recorded.position;
                self.author_id = event.author;
            }
            ArticleEvent::Revised(event) => {
                self.draft_state = DraftState::Draft;
                self.title.clone_from(&event.title);
                self.draft_position = recorded.position;
                self.author_id = event.author;
            }
            ArticleEvent::ReviewRequested(_) => self.draft_state = DraftState::InReview,
            ArticleEvent::Reviewed(event) => {
                self.draft_state = match event.outcome {
                    ReviewOutcome::Approved => DraftState::Approved,
                    ReviewOutcome::ChangesRequested => DraftState::ChangesRequested,
                };
            }
            ArticleEvent::Published(event) => {
                self.draft_state = DraftState::None;
                self.published_version = Some(i32::try_from(event.version).unwrap_or(i32::MAX));
                self.published_title = Some(event.title.clone());
                self.published_position = Some(recorded.position);
                self.published_at = Some(at);
            }
            ArticleEvent::Retired(_) => {
                self.retired = true;
                self.published_version = None;
                self.published_title = None;
                self.published_position = None;
            }
            ArticleEvent::Cited(_) => self.citations += 1,
        }
        let cited = matches!(event, ArticleEvent::Cited(_));
        if !cited {
            self.updated_at = at;
        }
        self.version = recorded.version;
        self.updated_position = recorded.position;
    }
}
