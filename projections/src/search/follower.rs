//! A generation and its way along the log: the next page is read while one is indexed.

use std::path::PathBuf;

use allhours_eventstore::{
    log::Log,
    recorded::{Position, Recorded},
};
use futures_util::FutureExt as _;
use tokio::time::Interval;

use super::{error::SearchError, fold::concerns, reader::Shared, writer::Writer};

/// How many events are read at once.
const PAGE_EVENTS: usize = 1_000;
/// How many events a generation that is built takes in before it commits.
const COMMIT_AFTER_EVENTS: i64 = 250_000;

/// Events that concern the index, opened.
struct Page {
    events: Vec<Recorded>,
    /// All events up to this one were read.
    through: Position,
    /// Whether there may be more at once.
    full: bool,
}

/// A generation that follows the log.
pub(super) struct Follower {
    number: u64,
    folder: PathBuf,
    /// Not there while another thread works with it, and after that thread failed.
    writer: Option<Writer>,
    ahead: Option<Page>,
    position: Position,
    committed: Position,
}

impl Follower {
    /// A new, empty generation.
    pub(super) fn create(number: u64, folder: PathBuf) -> Result<Self, SearchError> {
        let writer = Writer::create(&folder)?;
        Ok(Self { number, folder, writer: Some(writer), ahead: None, position: 0, committed: 0 })
    }

    /// An existing generation, checked for damage.
    pub(super) async fn open(number: u64, folder: PathBuf) -> Result<Self, SearchError> {
        let place = folder.clone();
        let opened = tokio::task::spawn_blocking(move || Writer::open(&place)).await;
        let writer = opened.map_err(|_| SearchError::Stopped)??;
        let position = writer.position();
        let writer = Some(writer);
        Ok(Self { number, folder, writer, ahead: None, position, committed: position })
    }

    /// Its number.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// All events up to this one are folded.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Lets readers see the last commit.
    pub(super) fn show(&self, shared: &Shared) {
        if let Some(writer) = &self.writer {
            shared.show(self.number, writer.view());
        }
    }

    /// Folds what is new, and shows it at the next opening of `gate`. True if there is more
    /// to do at once.
    pub(super) async fn follow<L: Log>(
        &mut self,
        log: &L,
        gate: &mut Interval,
        shared: &Shared,
    ) -> Result<bool, SearchError> {
        let full = self.take_page(log).await?;
        let pending = self.writer.as_ref().is_some_and(Writer::is_pending);
        if full {
            // Far behind: commit when the gate happens to be open, or much has gathered.
            let open = gate.tick().now_or_never().is_some();
            if open || self.position - self.committed >= COMMIT_AFTER_EVENTS {
                self.commit().await?;
                self.show(shared);
            }
            return Ok(true);
        }
        if pending {
            gate.tick().await;
            self.commit().await?;
            self.show(shared);
        }
        if self.writer.as_ref().is_some_and(Writer::is_shredding) {
            // Once it is done, that is to be committed as well.
            return Ok(self.with(Writer::shred).await? || pending);
        }
        if pending {
            return Ok(true);
        }
        if !self.folder.join("meta.json").exists() {
            return Err(SearchError::Folder(std::io::ErrorKind::NotFound.into()));
        }
        Ok(false)
    }

    /// Folds a page without showing it. True if there is more to read at once.
    pub(super) async fn build<L: Log>(&mut self, log: &L) -> Result<bool, SearchError> {
        let full = self.take_page(log).await?;
        if self.position - self.committed >= COMMIT_AFTER_EVENTS {
            self.commit().await?;
        }
        Ok(full)
    }

    /// Commits, if there is anything to commit.
    pub(super) async fn commit(&mut self) -> Result<(), SearchError> {
        if self.writer.as_ref().is_some_and(Writer::is_pending) {
            self.with(Writer::commit).await?;
            self.committed = self.position;
        }
        Ok(())
    }

    /// Fails if a file of the generation is damaged.
    pub(super) async fn check(&mut self) -> Result<(), SearchError> {
        self.with(Writer::check).await
    }

    /// Folds one page, and reads the one after it meanwhile.
    async fn take_page<L: Log>(&mut self, log: &L) -> Result<bool, SearchError> {
        let page = match self.ahead.take() {
            Some(page) => page,
            None => fetch(log, self.position).await?,
        };
        if page.through == self.position {
            return Ok(false);
        }
        let Page { events, through, full } = page;
        let next = async { if full { Some(fetch(log, through).await) } else { None } };
        let (applied, next) =
            tokio::join!(self.with(move |writer| writer.apply(&events, through)), next);
        applied?;
        self.position = through;
        self.ahead = next.transpose()?;
        Ok(full)
    }

    /// Works with the writer on a thread where that may take a while. If that thread fails, the
    /// writer is gone.
    async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Writer) -> Result<T, SearchError> + Send + 'static,
    ) -> Result<T, SearchError> {
        let mut writer = self.writer.take().ok_or(SearchError::Stopped)?;
        let worked = tokio::task::spawn_blocking(move || {
            let result = work(&mut writer);
            (writer, result)
        });
        let (writer, result) = worked.await.map_err(|_| SearchError::Stopped)?;
        self.writer = Some(writer);
        result
    }
}

async fn fetch<L: Log>(log: &L, after: Position) -> Result<Page, SearchError> {
    let sealed = log.read(after, PAGE_EVENTS).await?;
    let through = sealed.last().map_or(after, |it| it.position);
    let full = sealed.len() == PAGE_EVENTS;
    let concerned: Vec<Recorded> = sealed.into_iter().filter(|it| concerns(&it.name)).collect();
    let events = if concerned.is_empty() { concerned } else { log.open(concerned).await? };
    Ok(Page { events, through, full })
}
