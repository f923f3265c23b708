//! The reading side: search, and how far the index has come.

use std::{
    path::Path,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use allhours_eventstore::recorded::Position;
use tantivy::{IndexReader, ReloadPolicy};
use tokio::sync::watch;

use super::{
    error::SearchError,
    find::find,
    home::live,
    request::{SearchPage, SearchRequest},
    schema::schema,
    view::View,
    writer::open_index,
};

/// How the index is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchStatus {
    /// Which generation answers; 0 while there is none.
    pub generation: u64,
    /// All events up to this one can be found.
    pub position: Position,
    /// How far a generation that is being built has come.
    pub building: Option<Position>,
    /// Whether deleted texts may still leave a trace in the folder.
    pub shredding: bool,
    /// Why it failed last, until it is whole again.
    pub failure: Option<String>,
}

/// What readers and the owner of the index share.
pub(super) struct Shared {
    view: RwLock<Option<Arc<View>>>,
    status: watch::Sender<SearchStatus>,
    rebuild_wanted: AtomicBool,
    suspect: AtomicBool,
    building: AtomicI64,
}

/// What stands in [`Shared::building`] while nothing is being built.
const NOTHING_BUILT: Position = -1;

impl Shared {
    pub(super) fn new() -> Arc<Self> {
        let status = SearchStatus {
            generation: 0,
            position: 0,
            building: None,
            shredding: false,
            failure: None,
        };
        Arc::new(Self {
            view: RwLock::new(None),
            status: watch::Sender::new(status),
            rebuild_wanted: AtomicBool::new(false),
            suspect: AtomicBool::new(false),
            building: AtomicI64::new(NOTHING_BUILT),
        })
    }

    /// Shows another state of the index from now on.
    pub(super) fn show(&self, generation: u64, view: View) {
        let (position, shredding) = (view.position, view.shredding);
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(view));
        self.status.send_modify(|status| {
            status.generation = generation;
            status.position = position;
            status.shredding = shredding;
        });
    }

    /// Shows nothing any more.
    pub(super) fn hide(&self) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.status.send_modify(|status| status.generation = 0);
    }

    /// Says how far a generation that is being built has come.
    pub(super) fn set_building(&self, building: Option<Position>) {
        self.building.store(building.unwrap_or(NOTHING_BUILT), Ordering::Relaxed);
        self.status.send_modify(|status| status.building = building);
    }

    /// Says why it failed, or that it is whole again.
    pub(super) fn set_failure(&self, failure: Option<String>) {
        self.status.send_if_modified(|status| {
            let changed = status.failure != failure;
            status.failure = failure;
            changed
        });
    }

    /// Whether somebody asked for a rebuild since this was last called.
    pub(super) fn take_wish(&self) -> bool {
        self.rebuild_wanted.swap(false, Ordering::Relaxed)
    }

    /// Whether a search failed since this was last called.
    pub(super) fn take_suspicion(&self) -> bool {
        self.suspect.swap(false, Ordering::Relaxed)
    }

    fn view(&self) -> Result<Arc<View>, SearchError> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        view.clone().ok_or_else(|| SearchError::Unavailable {
            position: self.building.load(Ordering::Relaxed).max(0),
        })
    }
}

/// Searches the index. Cheap to clone.
#[derive(Clone)]
pub struct SearchReader {
    pub(super) shared: Arc<Shared>,
}

impl SearchReader {
    /// Reads the live generation in `folder` as it is now, beside a process that owns it.
    ///
    /// # Errors
    ///
    /// [`SearchError::Unavailable`] where there is none; a damaged index.
    pub fn of_now(folder: &Path) -> Result<Self, SearchError> {
        let number = live(folder).ok_or(SearchError::Unavailable { position: 0 })?;
        let folder = folder.join(number.to_string());
        let shared = Shared::new();
        // A commit between the two would show documents of later events: then read again.
        loop {
            let (index, checkpoint) = open_index(&folder)?;
            let reader: IndexReader =
                index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
            let (_, after) = open_index(&folder)?;
            if after == checkpoint {
                let view = View {
                    searcher: reader.searcher(),
                    fields: schema().1,
                    position: checkpoint.position,
                    shredding: !checkpoint.shreds.is_empty(),
                };
                shared.show(number, view);
                return Ok(Self { shared });
            }
        }
    }

    /// Searches, on a thread where that may take a while.
    ///
    /// # Errors
    ///
    /// [`SearchError::Unavailable`] while there is nothing to search in;
    /// [`SearchError::OutOfBounds`] for a page that is too large or too far.
    pub async fn search(&self, request: SearchRequest) -> Result<SearchPage, SearchError> {
        let reader = self.clone();
        let searched = tokio::task::spawn_blocking(move || reader.search_now(&request)).await;
        searched.map_err(|_| SearchError::Stopped)?
    }

    /// Searches on this thread.
    ///
    /// # Errors
    ///
    /// As [`SearchReader::search`].
    pub fn search_now(&self, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        let view = self.view()?;
        let page = find(&view, request);
        if let Err(SearchError::Index(_) | SearchError::Document(_)) = &page {
            self.shared.suspect.store(true, Ordering::Relaxed);
        }
        page
    }

    /// How the index is doing.
    #[must_use]
    pub fn status(&self) -> SearchStatus {
        self.shared.status.borrow().clone()
    }

    /// Waits until all events up to `wanted` can be found.
    ///
    /// # Errors
    ///
    /// [`SearchError::Behind`] where that takes longer than `patience`.
    pub async fn wait_for(&self, wanted: Position, patience: Duration) -> Result<(), SearchError> {
        let found = |status: &SearchStatus| status.generation > 0 && status.position >= wanted;
        self.wait_until(wanted, patience, found).await
    }

    /// Waits until all events up to `wanted` can be found and nothing that they deleted leaves
    /// a trace in the folder.
    ///
    /// # Errors
    ///
    /// [`SearchError::Behind`] where that takes longer than `patience`.
    pub async fn wait_for_shredding(
        &self,
        wanted: Position,
        patience: Duration,
    ) -> Result<(), SearchError> {
        let gone = |status: &SearchStatus| {
            let here = status.generation > 0 && status.position >= wanted;
            // One that is being built may have taken in what the live one has shredded.
            here && !status.shredding && status.building.is_none()
        };
        self.wait_until(wanted, patience, gone).await
    }

    async fn wait_until(
        &self,
        wanted: Position,
        patience: Duration,
        reached: impl FnMut(&SearchStatus) -> bool,
    ) -> Result<(), SearchError> {
        let mut statuses = self.shared.status.subscribe();
        match tokio::time::timeout(patience, statuses.wait_for(reached)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                Err(SearchError::Behind { position: self.status().position, wanted })
            }
        }
    }

    /// Asks for a new generation, built beside the live one, and waits until it is live.
    /// Without a task that runs the index this waits for ever.
    ///
    /// # Errors
    ///
    /// [`SearchError::Stopped`] where the index was closed before.
    pub async fn rebuild(&self) -> Result<Position, SearchError> {
        let mut status = self.shared.status.subscribe();
        let before = status.borrow_and_update().generation;
        self.shared.rebuild_wanted.store(true, Ordering::Relaxed);
        let rebuilt = status.wait_for(|it| it.generation > before && it.building.is_none()).await;
        rebuilt.map(|it| it.position).map_err(|_| SearchError::Stopped)
    }

    pub(super) fn view(&self) -> Result<Arc<View>, SearchError> {
        self.shared.view()
    }
}
