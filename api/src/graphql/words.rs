//! The desk's vocabularies as GraphQL enums; each goes to and from the domain's own.

use allhours_domain::words as domain;
use async_graphql::Enum;

/// Where a message travels.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Channel")]
pub enum Channel {
    /// The desk's own chat window.
    Chat,
    /// E-mail.
    Email,
    /// A web form or an API call.
    Form,
    /// Text message.
    Sms,
    /// WhatsApp.
    Whatsapp,
    /// WeChat.
    Wechat,
    /// Telegram.
    Telegram,
    /// Telephone.
    Phone,
    /// Social media.
    Social,
}

/// How a customer is served.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Tier")]
pub enum Tier {
    /// Served first, by a team of their own.
    Vip,
    /// The usual.
    Standard,
    /// In the first weeks: guided.
    New,
}

/// How urgent a conversation is; later ones are more urgent.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Priority")]
pub enum Priority {
    /// Can wait.
    Low,
    /// The usual.
    Normal,
    /// Before the others.
    High,
    /// Now.
    Urgent,
}

/// Whom a conversation waits for.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::WaitingOn")]
pub enum WaitingOn {
    /// The customer has to answer.
    Customer,
    /// Somebody outside both.
    ThirdParty,
}

/// How sure a resolution is.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::ResolutionKind")]
pub enum ResolutionKind {
    /// The customer said so.
    Confirmed,
    /// The agent thinks so.
    Assumed,
}

/// Whether an agent can be given work.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Presence")]
pub enum Presence {
    /// Working, takes new conversations.
    Online,
    /// Working, takes no new ones.
    Busy,
    /// On a break.
    Away,
    /// Not at work.
    Offline,
}

/// What a customer may allow or forbid.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Purpose")]
pub enum Purpose {
    /// Answering their questions by a model.
    Assistant,
    /// Being asked how it went.
    Surveys,
    /// Being reminded or offered something.
    Marketing,
    /// Their history used to train or predict.
    Analytics,
}

/// What a reviewer said of an article's draft.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::ReviewOutcome")]
pub enum ReviewOutcome {
    /// It may be published.
    Approved,
    /// It has to be changed first.
    ChangesRequested,
}
