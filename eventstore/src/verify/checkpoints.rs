//! Whether the checkpoints that were kept are those of the events that are there.

use std::collections::VecDeque;

use tokio_postgres::Client;

use super::{Finding, Rule, Verified};
use crate::{
    checkpoint::{
        Kept,
        note::{self, Verifier},
    },
    error::LogError,
    merkle::{Hash, Span},
    pg,
    recorded::Position,
    sql,
};

/// How many checkpoints are read at once.
const PAGE: i64 = 500;

/// The tree of the events that passed, and the checkpoints still to come.
pub(super) struct Checking<'a> {
    keys: &'a [Verifier],
    tree: Span,
    waiting: VecDeque<Kept>,
    /// The size of the last checkpoint that was read.
    read_up_to: Position,
    /// The size of the last checkpoint that was passed.
    passed: Position,
}

impl<'a> Checking<'a> {
    pub(super) async fn begin(client: &Client, keys: &'a [Verifier]) -> Result<Self, LogError> {
        let mut checking =
            Self { keys, tree: Span::new(0), waiting: VecDeque::new(), read_up_to: 0, passed: 0 };
        checking.read_on(client).await?;
        Ok(checking)
    }

    async fn read_on(&mut self, client: &Client) -> Result<(), LogError> {
        let rows = client.query(sql::CHECKPOINTS_AFTER, &[&self.read_up_to, &PAGE]).await?;
        for row in &rows {
            self.read_up_to = row.try_get(0)?;
            // A row that does not read is met as one that states nothing.
            let unreadable = Kept {
                size: self.read_up_to,
                previous: self.passed,
                nodes: Vec::new(),
                note: String::new(),
            };
            self.waiting.push_back(pg::checkpoints::kept(row).unwrap_or(unreadable));
        }
        Ok(())
    }

    /// Takes the next event of the log.
    pub(super) async fn event(
        &mut self,
        client: &Client,
        leaf: Hash,
        verified: &mut Verified,
    ) -> Result<(), LogError> {
        self.tree.push(leaf);
        let size = Position::try_from(self.tree.end()).unwrap_or(Position::MAX);
        while self.waiting.front().is_some_and(|kept| kept.size <= size) {
            let Some(kept) = self.waiting.pop_front() else { break };
            if !self.agrees(&kept) {
                verified.found(finding(Rule::CheckpointsAgree, kept.size));
            }
            if !self.is_signed(&kept) {
                verified.found(finding(Rule::CheckpointsAreSigned, kept.size));
            }
            verified.checkpoints += 1;
            self.passed = kept.size;
            if self.waiting.is_empty() {
                self.read_on(client).await?;
            }
        }
        Ok(())
    }

    fn agrees(&self, kept: &Kept) -> bool {
        let stated = note::stated(&kept.note);
        let fits = stated
            .as_ref()
            .is_some_and(|it| it.size == self.tree.end() && it.root == self.tree.root());
        fits && kept.nodes == self.tree.nodes()
    }

    fn is_signed(&self, kept: &Kept) -> bool {
        self.keys.is_empty() || self.keys.iter().any(|key| key.open(&kept.note).is_ok())
    }

    /// What is left at the end speaks of events that are not there.
    pub(super) async fn end(
        mut self,
        client: &Client,
        verified: &mut Verified,
    ) -> Result<(), LogError> {
        while !self.waiting.is_empty() {
            for kept in std::mem::take(&mut self.waiting) {
                verified.checkpoints += 1;
                verified.found(finding(Rule::CheckpointsAgree, kept.size));
            }
            self.read_on(client).await?;
        }
        Ok(())
    }
}

fn finding(rule: Rule, size: Position) -> Finding {
    Finding { rule, position: Some(size), tenant: None, id: None }
}
