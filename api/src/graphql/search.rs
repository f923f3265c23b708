//! Full text search with highlights.

use std::time::Duration;

use allhours_domain::ids::{AgentId, ConversationId, CustomerId, TeamId};
use allhours_projections::search::{
    self, Audience, Author, Found, Hit, SearchError, SearchRequest,
};
use async_graphql::{
    ComplexObject, Context, Enum, Error, ID, InputObject, Object, Result, SimpleObject,
};

use super::{
    article::Article,
    conversation::Conversation,
    customer::Customer,
    error::{Code, internal},
    id::Kind,
    page::PAGE_MAX,
    scalars::{DateTime, Language, Position, count},
    services::Services,
    viewer::Viewer,
};

/// What kind of thing was found.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "search::Kind")]
pub enum SearchKind {
    /// A message of a customer, an answer, or a note.
    Message,
    /// A conversation, by its subject line.
    Conversation,
    /// A customer, by name or address.
    Customer,
    /// The published text of an article in one locale.
    Article,
}

/// In which order hits come.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "search::Order")]
pub enum SearchOrder {
    /// The best match first.
    Relevance,
    /// The newest first.
    Newest,
}

/// What to search in; every part that is given must hold.
#[derive(Debug, InputObject, Default)]
pub struct SearchFilter {
    /// Only these kinds; none means all.
    pub kinds: Option<Vec<SearchKind>>,
    /// Only texts in this language.
    pub language: Option<Language>,
    /// Only this conversation and those merged into it.
    pub conversation_id: Option<ID>,
    /// Only what belongs to this customer.
    pub customer_id: Option<ID>,
    /// Only conversations that are this team's now; not for customers.
    pub team_id: Option<ID>,
    /// Only what this agent or this customer wrote.
    pub author_id: Option<ID>,
    /// Only what happened at this instant or later.
    pub from: Option<DateTime>,
    /// Only what happened before this instant.
    pub until: Option<DateTime>,
}

/// Where a match begins and ends.
#[derive(Debug, SimpleObject)]
pub struct TextRange {
    /// The first character of the match, from 0, in Unicode scalar values.
    pub start: i32,
    /// The first character after the match.
    pub end: i32,
}

/// A part of a text with its matches.
#[derive(Debug, SimpleObject)]
pub struct Snippet {
    /// The part.
    pub text: String,
    /// The matches in it, in order.
    pub matches: Vec<TextRange>,
    /// Whether something was left off before.
    pub cut_before: bool,
    /// Whether something was left off after.
    pub cut_after: bool,
}

impl From<search::Snippet> for Snippet {
    fn from(snippet: search::Snippet) -> Self {
        let range =
            |(start, end): (usize, usize)| TextRange { start: count(start), end: count(end) };
        Self {
            text: snippet.text,
            matches: snippet.ranges.into_iter().map(range).collect(),
            cut_before: snippet.cut_before,
            cut_after: snippet.cut_after,
        }
    }
}

/// Something that was found.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct SearchHit {
    /// What kind of thing it is.
    pub kind: SearchKind,
    /// The global id of the message, where it is one.
    pub message_id: Option<ID>,
    /// Whether it is a private note.
    pub note: bool,
    /// In which language it is, if known.
    pub language: Option<Language>,
    /// When it happened.
    pub at: DateTime,
    /// How well it matches; comparable within one page only.
    pub score: f64,
    /// The title of an article or the name of a customer.
    pub title: Option<Snippet>,
    /// The text around the best match.
    pub snippet: Snippet,
    #[graphql(skip)]
    found: Found,
}

#[ComplexObject]
impl SearchHit {
    /// The conversation it belongs to, where it belongs to one.
    async fn conversation(&self, ctx: &Context<'_>) -> Result<Option<Conversation>> {
        let (Found::Message { conversation: id, .. }
        | Found::Conversation { conversation: id, .. }) = &self.found
        else {
            return Ok(None);
        };
        Conversation::known(ctx, *id).await
    }

    /// The customer it belongs to, where it belongs to one.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        let (Found::Message { customer, .. }
        | Found::Conversation { customer, .. }
        | Found::Customer { customer }) = &self.found
        else {
            return Ok(None);
        };
        Customer::known(ctx, *customer).await
    }

    /// The article, where it is one.
    async fn article(&self, ctx: &Context<'_>) -> Result<Option<Article>> {
        let Found::Article { article, .. } = &self.found else { return Ok(None) };
        Article::read(ctx, *article).await
    }
}

/// A page of hits.
#[derive(Debug, SimpleObject)]
pub struct SearchResults {
    /// The hits, in the order asked for.
    pub hits: Vec<SearchHit>,
    /// How many there are, counted up to 1,000.
    pub total_count: i32,
    /// Whether there are more than `totalCount`.
    pub total_capped: bool,
    /// Whether there is a page after this one.
    pub has_next_page: bool,
    /// All events up to this position were in the index that answered.
    pub position: Position,
}

/// How long to wait for the index.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// The most characters that are searched for.
const TEXT_CHARACTERS_MAX: usize = 500;

/// Searching.
#[derive(Debug, Default)]
pub struct SearchQueries;

/// Searching.
#[Object]
impl SearchQueries {
    /// Searches messages, conversations, customers and articles: all words, `"a phrase"`,
    /// `begin*`. Customers find published articles and what was written in their own
    /// conversations, never notes.
    #[expect(clippy::too_many_arguments, reason = "a text, filters, an order and a page")]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to search for; up to 500 characters.")] text: String,
        #[graphql(desc = "What to search in.", default)] filter: SearchFilter,
        #[graphql(desc = "In which order.", default_with = "SearchOrder::Relevance")]
        order: SearchOrder,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "How many to pass over, up to 10,000.", default)] offset: i32,
        #[graphql(desc = "Waits for this position.")] min_position: Option<Position>,
    ) -> Result<SearchResults> {
        let (viewer, services) = (Viewer::of(ctx)?, ctx.data::<Services>()?);
        if !(1..=PAGE_MAX).contains(&first) {
            return Err(Code::BadUserInput.error(format!("first is from 1 to {PAGE_MAX}")));
        }
        if text.chars().count() > TEXT_CHARACTERS_MAX {
            let message = format!("the text has more than {TEXT_CHARACTERS_MAX} characters");
            return Err(Code::BadUserInput.error(message));
        }
        if let Some(Position(position)) = min_position {
            let waited = services.search.wait_for(position, WAIT_MAX).await;
            waited.map_err(|error| of_search(&error))?;
        }
        if filter.team_id.is_some() && !viewer.is_staff() {
            return Err(Code::Forbidden.error("customers may not search by team"));
        }
        let audience = viewer.customer().map_or(Audience::Staff, Audience::Customer);
        let mut request = SearchRequest::new(viewer.tenant, audience, text);
        filter.fill(&mut request)?;
        request.order = order.into();
        request.first = usize::try_from(first).unwrap_or(1);
        let negative = |_| Code::BadUserInput.error("offset is not negative");
        request.offset = usize::try_from(offset).map_err(negative)?;
        let page = services.search.search(request).await.map_err(|error| of_search(&error))?;
        Ok(SearchResults {
            hits: page.hits.into_iter().map(hit).collect(),
            total_count: count(page.total),
            total_capped: page.total_capped,
            has_next_page: page.has_next,
            position: Position(page.position),
        })
    }
}

impl SearchFilter {
    fn fill(self, request: &mut SearchRequest) -> Result<()> {
        let read =
            |kind: Kind, id: Option<ID>| id.map(|id| kind.read(&id).ok_or_else(misfit)).transpose();
        request.kinds = self.kinds.unwrap_or_default().into_iter().map(Into::into).collect();
        request.language = self.language.map(|it| it.0);
        request.conversation = read(Kind::Conversation, self.conversation_id)?.map(ConversationId);
        request.customer = read(Kind::Customer, self.customer_id)?.map(CustomerId);
        request.team = read(Kind::Team, self.team_id)?.map(TeamId);
        request.author = self.author_id.as_ref().map(author).transpose()?;
        request.from = self.from.map(|it| it.0);
        request.until = self.until.map(|it| it.0);
        Ok(())
    }
}

fn author(id: &ID) -> Result<Author> {
    let agent = Kind::Agent.read(id).map(|it| Author::Agent(AgentId(it)));
    let customer = || Kind::Customer.read(id).map(|it| Author::Customer(CustomerId(it)));
    agent.or_else(customer).ok_or_else(misfit)
}

fn misfit() -> Error {
    Code::BadUserInput.error("an id of the filter does not fit")
}

fn hit(hit: Hit) -> SearchHit {
    let (kind, message_id, note) = match &hit.found {
        Found::Message { message, note, .. } => {
            (SearchKind::Message, Some(Kind::Message.id(*message)), *note)
        }
        Found::Conversation { .. } => (SearchKind::Conversation, None, false),
        Found::Customer { .. } => (SearchKind::Customer, None, false),
        Found::Article { .. } => (SearchKind::Article, None, false),
    };
    SearchHit {
        kind,
        message_id,
        note,
        language: hit.language.map(Language),
        at: DateTime(hit.at),
        score: hit.score.into(),
        title: hit.title.map(Into::into),
        snippet: hit.snippet.into(),
        found: hit.found,
    }
}

fn of_search(error: &SearchError) -> Error {
    match error {
        SearchError::Unavailable { .. } | SearchError::Behind { .. } => {
            Code::Unavailable.error(error.to_string())
        }
        SearchError::OutOfBounds(_) => Code::BadUserInput.error(error.to_string()),
        SearchError::Owned(_)
        | SearchError::OtherVersion
        | SearchError::Document(_)
        | SearchError::Folder(_)
        | SearchError::Index(_)
        | SearchError::Log(_)
        | SearchError::Stopped => internal(error),
    }
}
