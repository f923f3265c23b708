//! The desk's small vocabularies, shared by several aggregates.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident { $($(#[doc = $vdoc:literal])+ $variant:ident = $stored:literal,)+ }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum $name {
            $($(#[doc = $vdoc])+ #[serde(rename = $stored)] $variant,)+
        }

        impl $name {
            /// Every word, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stored form.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $stored,)+ }
            }

            /// From the stored form.
            #[must_use]
            pub fn parse(stored: &str) -> Option<Self> {
                match stored { $($stored => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

words! {
    /// Where a message travels.
    Channel {
        /// The desk's own chat window.
        Chat = "chat",
        /// E-mail.
        Email = "email",
        /// A web form or an API call.
        Form = "form",
        /// Text message.
        Sms = "sms",
        /// WhatsApp.
        Whatsapp = "whatsapp",
        /// WeChat.
        Wechat = "wechat",
        /// Telegram.
        Telegram = "telegram",
        /// Telephone.
        Phone = "phone",
        /// Social media.
        Social = "social",
    }
    /// How a customer is served.
    Tier {
        /// Served first, by a team of their own.
        Vip = "vip",
        /// The usual.
        Standard = "standard",
        /// In the first weeks: guided.
        New = "new",
    }
    /// How urgent a conversation is; later ones are more urgent.
    Priority {
        /// Can wait.
        Low = "low",
        /// The usual.
        Normal = "normal",
        /// Before the others.
        High = "high",
        /// Now.
        Urgent = "urgent",
    }
    /// Where a conversation stands.
    ConversationStatus {
        /// Somebody has to act.
        Open = "open",
        /// It waits for the customer or for somebody else.
        Waiting = "waiting",
        /// It is put aside until an instant.
        Snoozed = "snoozed",
        /// It is resolved, and may be reopened.
        Resolved = "resolved",
        /// It is closed for good.
        Closed = "closed",
        /// Another conversation goes on in its place.
        Merged = "merged",
    }
    /// Whom a conversation waits for.
    WaitingOn {
        /// The customer has to answer.
        Customer = "customer",
        /// Somebody outside both.
        ThirdParty = "third_party",
    }
    /// What ended a wait, a snooze or a resolution.
    Cause {
        /// The customer wrote.
        CustomerMessage = "customer_message",
        /// A person decided so.
        Person = "person",
        /// The time had come.
        Timer = "timer",
    }
    /// How sure a resolution is.
    ResolutionKind {
        /// The customer said so.
        Confirmed = "confirmed",
        /// The agent thinks so.
        Assumed = "assumed",
    }
    /// Whether an agent can be given work.
    Presence {
        /// Working, takes new conversations.
        Online = "online",
        /// Working, takes no new ones.
        Busy = "busy",
        /// On a break.
        Away = "away",
        /// Not at work.
        Offline = "offline",
    }
    /// What a customer may allow or forbid.
    Purpose {
        /// Answering their questions by a model.
        Assistant = "assistant",
        /// Being asked how it went.
        Surveys = "surveys",
        /// Being reminded or offered something.
        Marketing = "marketing",
        /// Their history used to train or predict.
        Analytics = "analytics",
    }
    /// What a reviewer said of an article's draft.
    ReviewOutcome {
        /// It may be published.
        Approved = "approved",
        /// It has to be changed first.
        ChangesRequested = "changes_requested",
    }
}
