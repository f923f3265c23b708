//! Answering a search from one state of the index.

use std::{collections::HashSet, sync::Arc};

use allhours_domain::ids::{TeamId, TenantId};
use jiff::Timestamp;
use tantivy::{Searcher, Term};
use uuid::Uuid;

use super::{
    collector::{Best, Filter, Ranked, count},
    error::SearchError,
    highlight::Wanted,
    language::Tongue,
    plan::Planner,
    query::parse,
    record::{Record, Thing},
    request::{
        Audience, FIRST_MAX, Found, Hit, Kind, OFFSET_MAX, SearchPage, SearchRequest, Snippet,
        TOTAL_MAX,
    },
    schema::{column, kind_number, language_number, scoped, thread_number},
    tokenizer::tenant_code,
    view::View,
};

const KINDS: [Kind; 4] = [Kind::Message, Kind::Conversation, Kind::Customer, Kind::Article];

/// Answers a search.
pub(super) fn find(view: &View, request: &SearchRequest) -> Result<SearchPage, SearchError> {
    check(request)?;
    let tongue = request.language.as_ref().map(|it| Tongue::of(Some(it)));
    let matchers = parse(request.text(), tongue);
    let code = tenant_code(request.tenant());
    let planner = Planner { searcher: &view.searcher, fields: &view.fields, code: &code };
    let nothing = SearchPage {
        hits: Vec::new(),
        total: 0,
        total_capped: false,
        has_next: false,
        position: view.position,
    };
    let filter = filter(view, request)?;
    let Some(query) = planner.query(&matchers, ids(view, request)?)? else { return Ok(nothing) };
    // One more than asked for, to know whether there is another page.
    let limit = request.offset + request.first + 1;
    let best = Best { filter: filter.clone(), order: request.order, limit };
    let ranked = view.searcher.search(query.as_ref(), &best)?;
    let total = if ranked.len() < limit {
        ranked.len() as u64
    } else {
        count(&view.searcher, query.as_ref(), &filter, TOTAL_MAX)?
    };
    let wanted = Wanted::of(&matchers);
    let page = ranked.iter().skip(request.offset).take(request.first);
    Ok(SearchPage {
        hits: page.map(|ranked| hit(view, ranked, &wanted)).collect::<Result<_, _>>()?,
        total: total.min(TOTAL_MAX),
        total_capped: total > TOTAL_MAX,
        has_next: ranked.len() > request.offset + request.first,
        ..nothing
    })
}

fn check(request: &SearchRequest) -> Result<(), SearchError> {
    if request.first > FIRST_MAX {
        return Err(SearchError::OutOfBounds("asks for too many hits at once"));
    }
    if request.offset > OFFSET_MAX {
        return Err(SearchError::OutOfBounds("looks too deep; narrow it down"));
    }
    Ok(())
}

/// What is checked of each document while it is found.
fn filter(view: &View, request: &SearchRequest) -> Result<Filter, SearchError> {
    let kinds = if request.kinds.is_empty() { &KINDS[..] } else { &request.kinds };
    let mut bits = 0;
    for kind in kinds {
        bits |= 1 << kind_number(*kind, false);
        if *kind == Kind::Message && request.audience() == Audience::Staff {
            bits |= 1 << kind_number(Kind::Message, true);
        }
        if *kind == Kind::Customer && request.audience() != Audience::Staff {
            bits &= !(1 << kind_number(Kind::Customer, false));
        }
    }
    let threads =
        request.team.map(|team| team_threads(view, request.tenant(), team)).transpose()?;
    Ok(Filter {
        kinds: bits,
        language: request.language.as_ref().map(language_number),
        from_ms: request.from.map(Timestamp::as_millisecond),
        until_ms: request.until.map(Timestamp::as_millisecond),
        threads: threads.map(Arc::new),
    })
}

/// The numbers of all conversations that are a team's, and of those merged into them.
fn team_threads(view: &View, tenant: TenantId, team: TeamId) -> Result<HashSet<u64>, SearchError> {
    let wanted = Term::from_field_bytes(view.fields.team, &scoped(tenant, team.0));
    let mut threads = threads_of(&view.searcher, &wanted)?;
    let merges = view.merges(tenant)?;
    for (source, _) in &merges {
        threads.remove(&thread_number(*source));
    }
    for (source, _) in &merges {
        let goes_on = view.conversation(tenant, (*source).into())?;
        if threads.contains(&thread_number(goes_on.0)) {
            threads.insert(thread_number(*source));
        }
    }
    Ok(threads)
}

fn threads_of(searcher: &Searcher, term: &Term) -> Result<HashSet<u64>, SearchError> {
    use tantivy::{DocSet as _, TERMINATED, schema::IndexRecordOption};
    let mut threads = HashSet::new();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(term.field())?;
        let Some(mut postings) = inverted.read_postings(term, IndexRecordOption::Basic)? else {
            continue;
        };
        let column = segment.fast_fields().column_first_or_default::<u64>(column::THREAD)?;
        while postings.doc() != TERMINATED {
            if !segment.is_deleted(postings.doc()) {
                threads.insert(column.get_val(postings.doc()));
            }
            postings.advance();
        }
    }
    Ok(threads)
}

/// What has to match by id: each group is an "any of".
fn ids(view: &View, request: &SearchRequest) -> Result<Vec<Vec<Term>>, SearchError> {
    let (tenant, fields) = (request.tenant(), &view.fields);
    let any = |field, ids: Vec<Uuid>| -> Vec<Term> {
        ids.into_iter().map(|id| Term::from_field_bytes(field, &scoped(tenant, id))).collect()
    };
    let mut groups = Vec::new();
    if let Some(conversation) = request.conversation {
        groups.push(any(fields.conversation, view.with_merged(tenant, conversation.0)?));
    }
    if let Some(customer) = request.customer {
        groups.push(any(fields.customer, view.with_merged(tenant, customer.0)?));
    }
    if let Some(author) = request.author {
        groups.push(any(fields.author, vec![author.uuid()]));
    }
    if let Audience::Customer(customer) = request.audience() {
        let mut owners = view.with_merged(tenant, customer.0)?;
        // What is everybody's: published articles.
        owners.push(Uuid::nil());
        groups.push(any(fields.customer, owners));
    }
    Ok(groups)
}

fn hit(view: &View, ranked: &Ranked, wanted: &Wanted) -> Result<Hit, SearchError> {
    let record = view.record(ranked.address)?;
    let tongue = Tongue::of(record.language.as_ref());
    let part = |text: &str| wanted.snippet(text, tongue);
    let (title, snippet) = match &record.thing {
        Thing::Article { .. } => (
            record.texts.first().map(|it| part(it)),
            record.texts.get(1).map(|it| part(it)).unwrap_or_default(),
        ),
        Thing::Customer { name, addresses, .. } => {
            let addresses: Vec<&str> = addresses.iter().map(|(_, it)| it.as_str()).collect();
            (name.as_ref().map(|it| part(it)), part(&addresses.join(", ")))
        }
        Thing::Message { .. } | Thing::Topic { .. } | Thing::Conversation { .. } => {
            (None, record.texts.first().map_or_else(Snippet::default, |it| part(it)))
        }
    };
    Ok(Hit {
        found: found(view, &record)?,
        at: Timestamp::from_millisecond(record.at_ms).unwrap_or_default(),
        language: record.language,
        position: record.position,
        score: ranked.score,
        title,
        snippet,
    })
}

fn found(view: &View, record: &Record) -> Result<Found, SearchError> {
    let tenant = record.tenant;
    Ok(match &record.thing {
        Thing::Message { message, conversation, customer, author, note, channel } => {
            Found::Message {
                message: *message,
                conversation: view.conversation(tenant, *conversation)?,
                customer: view.customer(tenant, *customer)?,
                author: *author,
                note: *note,
                channel: *channel,
            }
        }
        Thing::Topic { conversation, customer }
        | Thing::Conversation { conversation, customer, .. } => Found::Conversation {
            conversation: view.conversation(tenant, *conversation)?,
            customer: view.customer(tenant, *customer)?,
        },
        Thing::Customer { customer, .. } => {
            Found::Customer { customer: view.customer(tenant, *customer)? }
        }
        Thing::Article { article, locale, version } => {
            Found::Article { article: *article, locale: locale.clone(), version: *version }
        }
    })
}
