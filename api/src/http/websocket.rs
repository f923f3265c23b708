//! The `graphql-transport-ws` protocol, with its exact close codes.
//!
//! Read [`message`] (what is said), then [`session`] (one socket's life). Close codes:
//!
//! | code | why |
//! |---|---|
//! | 1012 | the server stops; connect again |
//! | 1013 | who asks can't be checked just now; try again later |
//! | 4400 | a message that is none of the protocol's |
//! | 4401 | an operation before `connection_ack` |
//! | 4403 | no good token in `connection_init`, or it has expired since |
//! | 4406 | the client does not speak `graphql-transport-ws` |
//! | 4408 | no `connection_init` in time, or a ping unanswered |
//! | 4409 | an operation's id is already in use on this socket |
//! | 4413 | the client does not read what is sent to it; connect again and resume |
//! | 4429 | a second `connection_init`, or too many requests, or sockets of a person or tenant |

pub mod message;
pub mod session;

use std::sync::Arc;

use async_graphql::Executor;
use axum::{extract::ws::WebSocketUpgrade, http::HeaderMap, response::Response};

use self::session::Session;
use super::{
    answer,
    caller::{self, Address},
    observe::RequestId,
    service::Service,
};

/// The protocol's name.
pub const PROTOCOL: &str = "graphql-transport-ws";

/// The codes that we close with.
pub const CLOSE_CODES: [u16; 10] = [1012, 1013, 4400, 4401, 4403, 4406, 4408, 4409, 4413, 4429];

/// Opens a socket, if there is a place for it.
pub fn open<E: Executor>(
    service: Arc<Service<E>>,
    upgrade: WebSocketUpgrade,
    headers: &HeaderMap,
    address: Address,
    id: RequestId,
) -> Response {
    let place = match service.places.take() {
        Ok(place) => place,
        Err(full) => return answer::full(full, &id),
    };
    let token = caller::bearer(headers).map(str::to_owned);
    let body_bytes_max = service.settings.server.body_bytes_max;
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(body_bytes_max)
        .max_frame_size(body_bytes_max)
        .on_upgrade(async move |socket| {
            let _place = place;
            metrics::gauge!("allhours_websockets_open").increment(1.0);
            Session::new(service, address, id, token).run(socket).await;
            metrics::gauge!("allhours_websockets_open").decrement(1.0);
        })
}
