//! From a request to who asks: address, limits, bearer token.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use async_graphql::Executor;
use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, header},
};

use super::service::Service;
use crate::{
    auth::{Authenticated, Refused},
    limits::TooMany,
};

/// Where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub IpAddr);

/// Why somebody is not listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No token, or not a good one.
    #[error(transparent)]
    Unauthenticated(Refused),
    /// Too often.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// Nobody can tell just now.
    #[error("who asks can't be checked just now")]
    Unavailable,
}

/// The address a request came from; behind a proxy, the one that the proxy names last.
#[must_use]
pub fn address_of(request: &Request, behind_proxy: bool) -> Address {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
    let forwarded = || {
        let values = request.headers().get_all("x-forwarded-for");
        let last = values.iter().next_back()?.to_str().ok()?.rsplit(',').next()?;
        last.trim().parse().ok()
    };
    Address(if behind_proxy { forwarded().unwrap_or(peer) } else { peer })
}

/// The bearer token of a request's headers.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    bearer_of(value)
}

/// The token in `Bearer ...`.
#[must_use]
pub fn bearer_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl<E: Executor> Service<E> {
    /// Checks a token and counts the request.
    ///
    /// # Errors
    ///
    /// Why the caller is not listened to.
    pub async fn admit(
        &self,
        token: Option<&str>,
        address: Address,
    ) -> Result<Authenticated, Denied> {
        let who = self.authenticate(token, address).await?;
        self.limits.of(&who)?;
        Ok(who)
    }

    /// Checks a token.
    ///
    /// # Errors
    ///
    /// Why the caller is not listened to.
    pub async fn authenticate(
        &self,
        token: Option<&str>,
        address: Address,
    ) -> Result<Authenticated, Denied> {
        self.limits.from_address(address.0)?;
        let checked = match token {
            Some(token) => self.authenticator.authenticate(token).await,
            None => Err(Refused::Missing),
        };
        match checked {
            Ok(who) => Ok(who),
            Err(Refused::Unavailable) => Err(Denied::Unavailable),
            Err(refused) => {
                metrics::counter!("allhours_auth_refused_total", "reason" => format!("{refused:?}"))
                    .increment(1);
                self.limits.refused_token(address.0)?;
                Err(Denied::Unauthenticated(refused))
            }
        }
    }
}
