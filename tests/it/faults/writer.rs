//! Somebody who writes notes and keeps account: what was acknowledged, what nobody knows.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::process::{Caller, Place, wait_until};

const ADD_NOTE: &str = "mutation ($input: ConversationAddNoteInput!) {
    conversationAddNote(input: $input) { position userErrors { code message } }
}";
/// How long a living server may leave a command without an answer.
const SETTLED_MAX: Duration = Duration::from_mins(1);
/// How long an outage may last once its cause is gone.
const GOES_ON_MAX: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(50);

/// What came instead of an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// An error with this code.
    Told(String),
    /// No whole answer.
    Silence,
}

/// One writer with keys of its own.
pub struct Writer {
    number: usize,
    conversation: String,
    text: String,
    next: u32,
    /// Sent, and no answer came: it may have happened or not.
    unknown: Option<String>,
    /// The position of every answer.
    pub acknowledged: Vec<i64>,
    /// How often what came instead.
    pub troubles: BTreeMap<Trouble, u32>,
}

impl Writer {
    /// A writer of notes in `conversation`.
    pub fn new(number: usize, conversation: &str) -> Self {
        Self {
            number,
            conversation: conversation.to_owned(),
            text: String::new(),
            next: 0,
            unknown: None,
            acknowledged: Vec::new(),
            troubles: BTreeMap::new(),
        }
    }

    /// One for each of these conversations.
    pub fn for_each(conversations: &[String]) -> Vec<Self> {
        conversations.iter().enumerate().map(|(number, id)| Self::new(number, id)).collect()
    }

    /// Whose notes are at least so long.
    pub fn wordy(mut self, characters: usize) -> Self {
        // Not the same over and over, which would take no room on a disk that compresses.
        let words = (0..).map(|word| format!("{:x} ", word * 7_919 + self.number));
        self.text = words.take(characters / 4).collect();
        self.text.truncate(characters);
        self
    }

    /// Sends again what nobody knows of, with the same key, until it is acknowledged; says what
    /// came instead where no answer comes any more.
    pub async fn settle(&mut self, caller: &Caller) -> Result<(), Trouble> {
        let Some(key) = self.unknown.clone() else { return Ok(()) };
        let begun = Instant::now();
        loop {
            match self.send(caller, &key).await {
                Ok(position) => {
                    self.acknowledged.push(position);
                    self.unknown = None;
                    return Ok(());
                }
                Err(trouble) => {
                    *self.troubles.entry(trouble.clone()).or_default() += 1;
                    if trouble == Trouble::Silence || begun.elapsed() > SETTLED_MAX {
                        return Err(trouble);
                    }
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Writes one note; what came instead of an answer is to be settled.
    pub async fn write(&mut self, caller: &Caller) -> Result<(), Trouble> {
        assert_eq!(self.unknown, None, "first what is unknown is settled");
        let key = format!("writer-{}-{}", self.number, self.next);
        self.next += 1;
        match self.send(caller, &key).await {
            Ok(position) => {
                self.acknowledged.push(position);
                Ok(())
            }
            Err(trouble) => {
                *self.troubles.entry(trouble.clone()).or_default() += 1;
                self.unknown = Some(key);
                Err(trouble)
            }
        }
    }

    /// Writes one note after the other, and settles what is unknown, until told to stop or the
    /// server is gone.
    async fn write_on(
        mut self,
        caller: Caller,
        stop: CancellationToken,
        count: Arc<AtomicUsize>,
    ) -> Self {
        while !stop.is_cancelled() {
            let mut written = self.settle(&caller).await;
            if written.is_ok() {
                written = self.write(&caller).await;
            }
            if written == Err(Trouble::Silence) {
                return self;
            }
            count.fetch_add(usize::from(written.is_ok()), Ordering::Relaxed);
        }
        self
    }

    /// The position of the answer; else what came instead of one.
    async fn send(&self, caller: &Caller, key: &str) -> Result<i64, Trouble> {
        let input = json!({
            "conversationId": self.conversation,
            "text": format!("noted by {key} {}", self.text),
            "idempotencyKey": key,
        });
        let answer = caller.ask(ADD_NOTE, &json!({ "input": input })).await;
        let answer = answer.map_err(|_| Trouble::Silence)?;
        let payload = &answer["data"]["conversationAddNote"];
        assert!(no_refusal(payload), "{key}: {answer}");
        position(&payload["position"]).ok_or_else(|| {
            let code = answer["errors"][0]["extensions"]["code"].as_str();
            Trouble::Told(code.map_or_else(|| answer.to_string(), str::to_owned))
        })
    }
}

/// A position as it stands in an answer.
pub fn position(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn no_refusal(payload: &Value) -> bool {
    payload["userErrors"].as_array().is_none_or(Vec::is_empty)
}

/// Writers at work, each on its own task.
pub struct Load {
    tasks: Vec<tokio::task::JoinHandle<Writer>>,
    stop: CancellationToken,
    written: Arc<AtomicUsize>,
}

impl Load {
    /// Sets them to work.
    pub fn begin(writers: Vec<Writer>, caller: &Caller) -> Self {
        let stop = CancellationToken::new();
        let written = Arc::new(AtomicUsize::new(0));
        let writing = |it: Writer| {
            tokio::spawn(it.write_on(caller.clone(), stop.clone(), Arc::clone(&written)))
        };
        Self { tasks: writers.into_iter().map(writing).collect(), stop, written }
    }

    /// Waits until so many more writes are acknowledged.
    pub async fn goes_on(&self, count: usize) {
        let wanted = self.written.load(Ordering::Relaxed) + count;
        wait_until(GOES_ON_MAX, || async {
            let written = self.written.load(Ordering::Relaxed);
            if written >= wanted { Ok(()) } else { Err(format!("{written} of {wanted} writes")) }
        })
        .await;
    }

    /// Lets them finish what they do.
    pub async fn end(self) -> Vec<Writer> {
        self.stop.cancel();
        self.gone().await
    }

    /// Waits until they have noticed that the server is gone.
    pub async fn gone(self) -> Vec<Writer> {
        let mut writers = Vec::new();
        for task in self.tasks {
            writers.push(task.await.expect("a writer does not panic"));
        }
        writers
    }
}

/// What is unknown to the end of a load is settled.
pub async fn settle_all(writers: &mut [Writer], caller: &Caller) {
    for writer in writers {
        assert_eq!(writer.settle(caller).await, Ok(()), "a living server settles what is unknown");
    }
}

/// What is said of an outage is that it is one, never that something broke.
pub fn assert_troubles_are_typed(writers: &[Writer], typed: &[&str]) {
    for writer in writers {
        for trouble in writer.troubles.keys() {
            let known = typed.iter().any(|code| *trouble == Trouble::Told((*code).to_owned()));
            assert!(known, "{:?}", writer.troubles);
        }
    }
}

/// Every acknowledged note stands in the log at the position that was answered, and beside those
/// and the ones from before there is no other.
pub async fn assert_each_stands_once(place: &Place, before: &[i64], writers: &[Writer]) {
    let mut standing = place.notes().await;
    standing.retain(|position| !before.contains(position));
    let mut answered: Vec<i64> =
        writers.iter().flat_map(|writer| writer.acknowledged.iter().copied()).collect();
    answered.sort_unstable();
    for position in &answered {
        let there = standing.binary_search(position).is_ok();
        assert!(there, "{position} was answered and is not there");
    }
    for position in &standing {
        let known = answered.binary_search(position).is_ok();
        assert!(known, "{position} stands there and nobody was told");
    }
    assert_eq!(standing.len(), answered.len(), "two writes were answered with one position");
}
