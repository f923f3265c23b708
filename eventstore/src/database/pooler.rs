//! Whether something between us and the server gives each transaction another session, so that
//! what a session was told (role, tenant, limits of time) is lost, or heard by somebody else.
//!
//! Found out by trying: one connection tells its session a word, then another one keeps a session
//! busy, and the first looks whether it still is where it was.

use std::time::Duration;

use tokio_postgres::{Client, GenericClient, types::Type};

use crate::{
    database::{Database, DatabaseError},
    sql,
};

/// How often is looked.
const LOOKS: usize = 3;
/// How long one look may take: a pooler with one session lets us wait for ourselves.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// What a connection saw of the session behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    /// The process of the server.
    process: i32,
    /// The word that the session was told.
    word: Option<String>,
}

/// How connections and sessions go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Each connection keeps its session.
    BySession,
    /// They change with each transaction; how that showed.
    ByTransaction(&'static str),
}

/// Tries it. `word` is one that nobody has used before.
///
/// # Errors
///
/// A failure of the database.
pub async fn pooling(database: &Database, word: &str) -> Result<Pooling, DatabaseError> {
    let one = database.dedicated().await?;
    let mut other = database.dedicated().await?;
    let looked = tokio::time::timeout(LOOK_MAX, looks(&one.client, &mut other.client, word)).await;
    match looked {
        Ok(looked) => {
            let (own, others) = looked?;
            Ok(judge(word, &own, &others))
        }
        Err(_) => Ok(Pooling::ByTransaction("one connection waits for the transaction of another")),
    }
}

async fn looks(
    one: &Client,
    other: &mut Client,
    word: &str,
) -> Result<(Vec<Seen>, Vec<i32>), DatabaseError> {
    let row = one.query_typed_one(sql::DATABASE_PROBE_MARK, &[(&word, Type::TEXT)]).await?;
    let mut own = vec![Seen { process: row.get(0), word: row.get(1) }];
    let mut others = Vec::new();
    for _ in 0..LOOKS {
        let busy = other.transaction().await?;
        others.push(look(&busy).await?.process);
        own.push(look(one).await?);
        busy.commit().await?;
    }
    Ok((own, others))
}

async fn look(connection: &impl GenericClient) -> Result<Seen, DatabaseError> {
    let rows = connection.query_typed(sql::DATABASE_PROBE_LOOK, &[]).await?;
    let seen = rows.first().map(|row| Seen { process: row.get(0), word: row.get(1) });
    Ok(seen.unwrap_or(Seen { process: 0, word: None }))
}

/// What follows from what was seen on our own connection, the first of it when the word was told,
/// and of the processes behind the other one.
fn judge(word: &str, own: &[Seen], others: &[i32]) -> Pooling {
    let process = own.first().map(|seen| seen.process);
    if own.iter().any(|seen| seen.word.as_deref() != Some(word)) {
        return Pooling::ByTransaction("a session forgot what it was told");
    }
    if own.iter().any(|seen| Some(seen.process) != process) {
        return Pooling::ByTransaction("a connection came to another session");
    }
    if others.iter().any(|other| Some(*other) == process) {
        return Pooling::ByTransaction("two connections came to one session");
    }
    Pooling::BySession
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(process: i32, word: Option<&str>) -> Seen {
        Seen { process, word: word.map(str::to_owned) }
    }

    #[test]
    fn a_connection_that_keeps_its_session_is_told_from_one_that_does_not() {
        let kept = [seen(7, Some("w")), seen(7, Some("w"))];
        assert_eq!(judge("w", &kept, &[8, 8]), Pooling::BySession);
        let shared = judge("w", &kept, &[8, 7]);
        let lost = judge("w", &[seen(7, Some("w")), seen(8, None)], &[9]);
        let another = judge("w", &[seen(7, Some("w")), seen(7, Some("v"))], &[9]);
        let moved = judge("w", &[seen(7, Some("w")), seen(8, Some("w"))], &[9]);
        for found in [shared, lost, another, moved] {
            assert!(matches!(found, Pooling::ByTransaction(_)), "{found:?}");
        }
    }
}
