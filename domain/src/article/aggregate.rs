//! The article as a decider, and its seam to `cqrs_es`. Nothing is decided here.

use super::{Article, ArticleCommand, ArticleEvent, ArticleRefusal};
use crate::decider::{Decider, cqrs_seam};

impl Decider for Article {
    const STREAM_TYPE: &'static str = "article";
    type Command = ArticleCommand;
    type Event = ArticleEvent;
    type Refusal = ArticleRefusal;

    fn decide(&self, command: ArticleCommand) -> Result<Vec<ArticleEvent>, ArticleRefusal> {
        Article::decide(self, command)
    }

    fn evolve(&mut self, event: &ArticleEvent) {
        Article::evolve(self, event);
    }
}

cqrs_seam!(Article);
