//! `mutations!`: spells out mutations, each with its input, payload, user error and codes.
//!
//! A mutation is one business action. Its input holds what it needs and nothing else; its
//! payload the changed object or the user errors; its codes are those that it can meet.

/// What a code means; said once for every mutation that can meet it.
macro_rules! code_meaning {
    (AlreadyClaimed) => {
        "Somebody else was faster; `holder` says which agent."
    };
    (AlreadyCreated) => {
        "The team exists already."
    };
    (AlreadyIdentified) => {
        "The customer is known already."
    };
    (AlreadyOpen) => {
        "It is open already."
    };
    (AlreadyParsed) => {
        "The delivery became a message already."
    };
    (AlreadyRegistered) => {
        "The agent is registered already."
    };
    (AddressTaken) => {
        "Another customer holds this address."
    };
    (BelongsTo) => {
        "Only the responsible agent may; `holder` says who that is."
    };
    (CapacityTooLarge) => {
        "More than anybody carries."
    };
    (ChoiceTwice) => {
        "A choice offers the same word twice."
    };
    (Closed) => {
        "The conversation is closed for good."
    };
    (CustomerWaits) => {
        "The customer waits for an answer."
    };
    (Deactivated) => {
        "The agent left the desk."
    };
    (Discarded) => {
        "The delivery was discarded."
    };
    (Erased) => {
        "The customer was erased."
    };
    (FieldTypeFixed) => {
        "The field was defined for values of another type."
    };
    (IntoItself) => {
        "Something can't be merged or split into itself."
    };
    (LanguageTwice) => {
        "A language is named twice."
    };
    (LevelOutOfRange) => {
        "A skill has a level from 1 to 5."
    };
    (MergedHere) => {
        "The other one is itself merged into this one."
    };
    (MergedInto) => {
        "It was merged; another one goes on in its place."
    };
    (MergeInCircle) => {
        "The other one was itself merged into this one."
    };
    (MergeWithItself) => {
        "A profile can't be merged with itself."
    };
    (MessageExists) => {
        "Another message has this id."
    };
    (NoChoices) => {
        "A choice needs at least one word."
    };
    (NoMessage) => {
        "What was received is too long for a message, or empty."
    };
    (NoSubject) => {
        "The conversation has no subject line."
    };
    (NoSuchField) => {
        "The desk has no field of this key."
    };
    (NoSuchLocale) => {
        "The article has no draft in this locale."
    };
    (NoSuchVersion) => {
        "No such version was ever published."
    };
    (NoText) => {
        "The field holds no text in the conversation, and never did."
    };
    (NotApproved) => {
        "The draft is not approved."
    };
    (NothingStays) => {
        "At least one message has to stay."
    };
    (NothingToReview) => {
        "The draft is approved as it stands."
    };
    (NothingToSplit) => {
        "No message was chosen."
    };
    (NotInFuture) => {
        "The instant is not in the future."
    };
    (NotInReview) => {
        "Nobody asked for a review of this draft."
    };
    (NotLinked) => {
        "The address is not linked to this customer."
    };
    (NotMerged) => {
        "There is no merge to undo."
    };
    (NotMergedHere) => {
        "That one is not merged into this one."
    };
    (NotPublished) => {
        "The article is not published in this locale."
    };
    (NotResolved) => {
        "Only what is resolved can be confirmed, reopened or closed."
    };
    (OtherCustomer) => {
        "The other conversation belongs to another customer."
    };
    (ReopenWindowTooLong) => {
        "Too long a time for reopening."
    };
    (PersonTaken) => {
        "This id is known here as something else: nobody is both an agent and a customer."
    };
    (Resolved) => {
        "The conversation is resolved; reopen it first."
    };
    (Retired) => {
        "The team takes no more work."
    };
    (ReviewerIsAuthor) => {
        "Who wrote the draft can't review it."
    };
    (SnoozeTooLong) => {
        "Nothing can be put aside for so long."
    };
    (TooManyChoices) => {
        "A choice has too many words."
    };
    (TooManyFields) => {
        "As many custom fields as may be."
    };
    (TooManyIdentities) => {
        "As many channel addresses as may be."
    };
    (TooManyLanguages) => {
        "Too many languages."
    };
    (TooManyLocales) => {
        "As many locales as may be."
    };
    (TooManyMembers) => {
        "As many members as may be."
    };
    (TooManyMentions) => {
        "More agents than one note calls."
    };
    (TooManyMerges) => {
        "As many merges as may be."
    };
    (TooManyMessages) => {
        "As many messages as one conversation takes."
    };
    (TooManySkills) => {
        "As many skills as may be."
    };
    (TooManyTags) => {
        "As many tags as one conversation carries."
    };
    (UnknownField) => {
        "The desk defines no such field."
    };
    (UnknownMessage) => {
        "The conversation holds no such message."
    };
    (WindowPassed) => {
        "It was resolved too long ago to be reopened."
    };
    (WrongKind) => {
        "The value does not fit the field."
    };
}

/// Spells out a group of mutations.
macro_rules! mutations {
    (
        $(#[$group_meta:meta])+
        $Group:ident;
        $(
            $(#[$meta:meta])+
            $name:ident $Name:ident -> $object:ident: $Object:ty,
            input { $($(#[$field_meta:meta])+ $field:ident: $Type:ty,)* },
            refuses { $($Code:ident),* $(,)? },
            |$call:ident, $input:ident| $body:block
        )+
    ) => {
        $(
            #[doc = concat!("What [`", stringify!($Group), "`] takes and gives for one mutation.")]
            pub mod $name {
                use super::*;

                /// What is asked.
                #[derive(Debug, async_graphql::InputObject)]
                #[graphql(name_type)]
                pub struct Input {
                    $($(#[$field_meta])+ pub $field: $Type,)*
                    /// Sent again with the same key and content, it has no further effect and
                    /// gives the same answer. 1 to 200 characters of the caller's choice.
                    pub idempotency_key: Option<String>,
                    /// Refused with `STALE_VERSION` unless it is still at this version.
                    pub expected_version: Option<i32>,
                }

                impl async_graphql::TypeName for Input {
                    fn type_name() -> std::borrow::Cow<'static, str> {
                        concat!(stringify!($Name), "Input").into()
                    }
                }

                /// Why it was not done.
                #[derive(Debug, async_graphql::Enum, Clone, Copy, PartialEq, Eq)]
                #[graphql(name_type)]
                pub enum ErrorCode {
                    /// There is no such thing, or it is not for this viewer.
                    NotFound,
                    /// A part of the input does not fit; `field` says which.
                    InvalidInput,
                    /// It has moved on since; see `currentVersion`, `changedBy`, `changedAt`.
                    StaleVersion,
                    /// The idempotencyKey was used before, for something else.
                    IdempotencyKeyReused,
                    /// Whoever this is about was erased.
                    SubjectErased,
                    /// Another rule said no; `message` says which.
                    Refused,
                    $(#[doc = code_meaning!($Code)] $Code,)*
                }

                impl async_graphql::TypeName for ErrorCode {
                    fn type_name() -> std::borrow::Cow<'static, str> {
                        concat!(stringify!($Name), "ErrorCode").into()
                    }
                }

                /// Something the caller can know and mend.
                #[derive(Debug, async_graphql::SimpleObject)]
                #[graphql(name_type)]
                pub struct UserError {
                    /// What to match on.
                    pub code: ErrorCode,
                    /// In words, for people.
                    pub message: String,
                    /// The path of the input to blame, if any.
                    pub field: Option<Vec<String>>,
                    /// The agent who is responsible, where that is why.
                    pub holder: Option<$crate::graphql::agent::Agent>,
                    /// The version there is, where the caller's is stale.
                    pub current_version: Option<i32>,
                    /// Who changed it last.
                    pub changed_by: Option<$crate::graphql::actor::Actor>,
                    /// When it was changed last.
                    pub changed_at: Option<$crate::graphql::scalars::DateTime>,
                }

                impl async_graphql::TypeName for UserError {
                    fn type_name() -> std::borrow::Cow<'static, str> {
                        concat!(stringify!($Name), "UserError").into()
                    }
                }

                /// What became of it.
                #[derive(Debug, async_graphql::SimpleObject)]
                #[graphql(name_type)]
                pub struct Payload {
                    /// What it was done to, as it is now; none where it was not done. What hangs on
                    /// it shows what was done too, or, should the tables be more than a second
                    /// behind, what they know.
                    pub $object: Option<$Object>,
                    /// Reads that name this as `minPosition` see what was done.
                    pub position: Option<$crate::graphql::scalars::Position>,
                    /// The version it is at now.
                    pub version: Option<i32>,
                    /// Whether the same had been asked and done before; then nothing was done now.
                    pub repeated: bool,
                    /// Why it was not done; empty where it was.
                    pub user_errors: Vec<UserError>,
                }

                impl async_graphql::TypeName for Payload {
                    fn type_name() -> std::borrow::Cow<'static, str> {
                        concat!(stringify!($Name), "Payload").into()
                    }
                }

                // Boxed: a resolver is compiled for its own few steps, not for all below it.
                pub(super) fn granted<'c>(
                    $call: &'c $crate::graphql::call::Call<'c>,
                    $input: Input,
                ) -> futures_util::future::BoxFuture<'c, $crate::graphql::call::Granted<$Object>>
                {
                    Box::pin(async move $body)
                }

                pub(super) fn payload(
                    granted: $crate::graphql::call::Granted<$Object>,
                ) -> async_graphql::Result<Payload> {
                    use $crate::graphql::{call::Problem, scalars};
                    match granted {
                        Ok((done, object)) => Ok(Payload {
                            $object: Some(object),
                            position: Some(scalars::Position(done.position)),
                            version: Some(done.version),
                            repeated: done.repeated,
                            user_errors: Vec::new(),
                        }),
                        Err(Problem::Fault(error)) => Err(error),
                        Err(Problem::User(problem)) => Ok(Payload {
                            $object: None,
                            position: None,
                            version: None,
                            repeated: false,
                            user_errors: vec![UserError {
                                code: $crate::graphql::call::code_of(&problem.code)
                                    .unwrap_or(ErrorCode::Refused),
                                field: problem.path(),
                                holder: problem.holder.map($crate::graphql::agent::Agent::of),
                                current_version: problem.current_version,
                                changed_by: problem.changed_by.map(Into::into),
                                changed_at: problem.changed_at.map(scalars::DateTime),
                                message: problem.message,
                            }],
                        }),
                    }
                }
            }
        )+

        $(#[$group_meta])+
        #[derive(Debug, Default)]
        pub struct $Group;

        #[async_graphql::Object]
        impl $Group {
            $(
                $(#[$meta])+
                async fn $name(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "What is asked.")] input: $name::Input,
                ) -> async_graphql::Result<$name::Payload> {
                    let call = $crate::graphql::call::Call::begin(
                        ctx,
                        &async_graphql::InputType::to_value(&input),
                        input.idempotency_key.as_deref(),
                        input.expected_version,
                    )?;
                    let granted = call.on_open_desk($name::granted(&call, input)).await;
                    if let Ok((done, _)) = &granted {
                        $crate::graphql::loaders::Loaders::of(ctx)?.show(done.position);
                    }
                    $name::payload(granted)
                }
            )+
        }
    };
}

pub(crate) use {code_meaning, mutations};
