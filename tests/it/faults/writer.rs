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
    done: conversationAddNote(input: $input) {
        position version repeated userErrors { code message }
    }
}";
/// The state, the timeline and the row of the list come from different places.
const LOOK: &str = "query ($id: ID!, $p: Position) {
    conversation(id: $id, minPosition: $p) {
        version
        timeline(last: 1) { nodes { position } }
        customer { conversations(first: 20) { nodes { id version } } }
    }
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

/// What a mutation whose root is called `done` answers; else what came instead.
pub async fn payload_of(caller: &Caller, mutation: &str, input: Value) -> Result<Value, Trouble> {
    let mut data = data_of(caller, mutation, json!({ "input": input })).await?;
    Ok(data["done"].take())
}

async fn data_of(caller: &Caller, document: &str, variables: Value) -> Result<Value, Trouble> {
    let answer = caller.ask(document, &variables).await;
    let mut answer = answer.map_err(|_| Trouble::Silence)?;
    match answer.get("errors") {
        None => Ok(answer["data"].take()),
        Some(errors) => {
            let code = errors[0]["extensions"]["code"].as_str();
            Err(Trouble::Told(code.map_or_else(|| answer.to_string(), str::to_owned)))
        }
    }
}

/// One writer with keys of its own.
pub struct Writer {
    number: usize,
    conversation: String,
    text: String,
    next: usize,
    /// Sent, and no answer came: it may have happened or not.
    unknown: Option<String>,
    /// The position of every answer.
    pub acknowledged: Vec<i64>,
    /// The newest version that it was told of or read.
    version: i64,
    /// Whether it looks back after each write.
    looks_back: bool,
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
            version: 0,
            looks_back: false,
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

    /// Who reads after each write what was written before.
    pub fn looking_back(self) -> Self {
        Self { looks_back: true, ..self }
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

    fn key(&self, number: usize) -> String {
        format!("writer-{}-{number}", self.number)
    }

    /// Writes one note; what came instead of an answer is to be settled.
    pub async fn write(&mut self, caller: &Caller) -> Result<(), Trouble> {
        assert_eq!(self.unknown, None, "first what is unknown is settled");
        let key = self.key(self.next);
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

    /// Reads its conversation as of the last answer, which may have come from another process:
    /// nothing that was told or seen before may be missing.
    pub async fn look_back(&mut self, caller: &Caller) -> Result<(), Trouble> {
        let Some(told) = self.acknowledged.last() else { return Ok(()) };
        let variables = json!({ "id": self.conversation, "p": told });
        let data = data_of(caller, LOOK, variables).await.inspect_err(|trouble| {
            *self.troubles.entry(trouble.clone()).or_default() += 1;
        })?;
        let seen = &data["conversation"];
        let newest = position(&seen["timeline"]["nodes"][0]["position"]);
        assert!(newest >= Some(*told), "told of {told}: {data}");
        let rows = seen["customer"]["conversations"]["nodes"].as_array().expect("a list");
        let row = rows.iter().find(|row| row["id"] == self.conversation.as_str());
        let row = row.expect("the conversation is one of its customer's");
        for version in [&row["version"], &seen["version"]] {
            let version = version.as_i64().expect("a version");
            assert!(version >= self.version, "{} was seen before: {data}", self.version);
            self.version = version;
        }
        Ok(())
    }

    /// Sends some that were acknowledged once more, and gets the same answers.
    pub async fn ask_again(&self, caller: &Caller) {
        let count = self.acknowledged.len();
        assert_eq!((self.unknown.as_ref(), self.next), (None, count), "all are settled");
        for number in [0, count / 2, count.saturating_sub(1)] {
            let Some(position) = self.acknowledged.get(number) else { return };
            let again = self.sent(caller, &self.key(number)).await.expect("a living server");
            let (said, repeated) = (self::position(&again["position"]), &again["repeated"]);
            assert_eq!((said, repeated), (Some(*position), &json!(true)), "{again}");
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
            count.fetch_add(usize::from(written.is_ok()), Ordering::Relaxed);
            if written.is_ok() && self.looks_back {
                written = self.look_back(&caller).await;
            }
            if written == Err(Trouble::Silence) {
                return self;
            }
        }
        self
    }

    /// The position of the answer; else what came instead of one.
    async fn send(&mut self, caller: &Caller, key: &str) -> Result<i64, Trouble> {
        let payload = self.sent(caller, key).await?;
        // A repeated answer tells of no version.
        self.version = payload["version"].as_i64().unwrap_or(0).max(self.version);
        Ok(position(&payload["position"]).expect("a position"))
    }

    async fn sent(&self, caller: &Caller, key: &str) -> Result<Value, Trouble> {
        let input = json!({
            "conversationId": self.conversation,
            "text": format!("noted by {key} {}", self.text),
            "idempotencyKey": key,
        });
        let payload = payload_of(caller, ADD_NOTE, input).await?;
        assert_eq!(payload["userErrors"], json!([]), "{key}: {payload}");
        Ok(payload)
    }
}

/// A position as it stands in an answer.
pub fn position(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
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
