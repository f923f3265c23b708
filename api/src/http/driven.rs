//! Operations whose results are sent bit by bit, on sockets and event streams.

use futures_util::{StreamExt as _, stream::BoxStream};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// Carries out an operation in a task of its own, one result ahead of what is taken. It goes on
/// while the network takes nothing: what it holds of the database and of what may be carried out
/// at once comes back in time.
pub fn driven<T: Send + 'static>(mut results: BoxStream<'static, T>) -> BoxStream<'static, T> {
    let (sender, mut ahead) = mpsc::channel(1);
    let task = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(result) = results.next().await {
            if sender.send(result).await.is_err() {
                return;
            }
        }
    }));
    Box::pin(async_stream::stream! {
        let _task = task;
        while let Some(result) = ahead.recv().await {
            yield result;
        }
    })
}
