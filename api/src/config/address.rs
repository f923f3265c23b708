//! An address that may be left out.

use std::net::SocketAddr;

use serde::Deserialize;

/// An address to listen on; an empty text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Optional(Option<SocketAddr>);

impl Optional {
    /// The address, if there is one.
    #[must_use]
    pub fn get(self) -> Option<SocketAddr> {
        self.0
    }
}

impl TryFrom<String> for Optional {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        text.parse().map(|address| Self(Some(address))).map_err(|_| "invalid socket address syntax")
    }
}
