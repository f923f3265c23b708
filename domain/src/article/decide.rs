//! The rules of an article: one function for each command.

use super::{
    Article, ArticleCommand, ArticleEvent, ArticleRefusal, DraftState, Locale,
    command::{Cite, Draft, Publish, RequestReview, Retire, Review},
    event::{Cited, Drafted, Published, Retired, ReviewRequested, Reviewed, Revised},
};
use crate::text::Language;

type Decision = Result<Vec<ArticleEvent>, ArticleRefusal>;

impl Article {
    /// Decides what happens if `command` is granted; no events where nothing would change.
    ///
    /// A citation is always recorded: each is a use of its own.
    ///
    /// # Errors
    ///
    /// Only ever an [`ArticleRefusal`]: a rule said no.
    pub fn decide(&self, command: ArticleCommand) -> Decision {
        match command {
            ArticleCommand::Draft(command) => self.draft(command),
            ArticleCommand::RequestReview(command) => self.request_review(command),
            ArticleCommand::Review(command) => self.review(command),
            ArticleCommand::Publish(command) => self.publish(command),
            ArticleCommand::Retire(command) => self.retire(command),
            ArticleCommand::Cite(command) => self.cite(command),
        }
    }

    fn locale(&self, language: &Language) -> Result<&Locale, ArticleRefusal> {
        if self.locales.is_empty() {
            return Err(ArticleRefusal::NoSuchArticle);
        }
        self.locales
            .get(language)
            .ok_or_else(|| ArticleRefusal::NoSuchLocale { locale: language.clone() })
    }

    fn draft(&self, Draft { locale, title, body, author }: Draft) -> Decision {
        let Some(before) = self.locales.get(&locale) else {
            let locales_max = Self::LOCALES_MAX;
            if self.locales.len() >= locales_max {
                return Err(ArticleRefusal::TooManyLocales { locales_max });
            }
            return Ok(vec![ArticleEvent::Drafted(Drafted { locale, title, body, author })]);
        };
        if (&before.title, &before.body, before.author) == (&title, &body, author) {
            return Ok(vec![]);
        }
        Ok(vec![ArticleEvent::Revised(Revised { locale, title, body, author })])
    }

    fn request_review(&self, RequestReview { locale, by }: RequestReview) -> Decision {
        match self.locale(&locale)?.draft {
            DraftState::Written | DraftState::ChangesRequested => {
                Ok(vec![ArticleEvent::ReviewRequested(ReviewRequested { locale, by })])
            }
            DraftState::InReview => Ok(vec![]),
            DraftState::Approved | DraftState::Published => {
                Err(ArticleRefusal::NothingToReview { locale })
            }
        }
    }

    fn review(&self, Review { locale, outcome, reviewer, comment }: Review) -> Decision {
        let current = self.locale(&locale)?;
        if current.draft != DraftState::InReview {
            return Err(ArticleRefusal::NotInReview { locale });
        }
        if current.author == reviewer || current.authors.contains(&reviewer) {
            return Err(ArticleRefusal::ReviewerIsAuthor { reviewer });
        }
        let reviewed = Reviewed { locale, outcome, reviewer, comment };
        Ok(vec![ArticleEvent::Reviewed(reviewed)])
    }

    fn publish(&self, Publish { locale }: Publish) -> Decision {
        let current = self.locale(&locale)?;
        match current.draft {
            DraftState::Approved => Ok(vec![ArticleEvent::Published(Published {
                locale,
                version: current.versions_published + 1,
                title: current.title.clone(),
                body: current.body.clone(),
            })]),
            DraftState::Published => Ok(vec![]),
            DraftState::Written | DraftState::InReview | DraftState::ChangesRequested => {
                Err(ArticleRefusal::NotApproved { locale })
            }
        }
    }

    fn retire(&self, Retire { locale }: Retire) -> Decision {
        if self.locale(&locale)?.shown {
            Ok(vec![ArticleEvent::Retired(Retired { locale })])
        } else {
            Err(ArticleRefusal::NotPublished { locale })
        }
    }

    fn cite(&self, Cite { locale, version, conversation, agent }: Cite) -> Decision {
        if !(1..=self.locale(&locale)?.versions_published).contains(&version) {
            return Err(ArticleRefusal::NoSuchVersion { locale, version });
        }
        Ok(vec![ArticleEvent::Cited(Cited { locale, version, conversation, agent })])
    }
}
