//! Chains of links, such as merges and splits, that are followed from one to the next.

use std::collections::HashSet;

use allhours_eventstore::error::LogError;
use uuid::Uuid;

/// Longer than people make a chain; whoever meets a longer one is told so, and nothing is done.
const LINKS_MAX: usize = 10_000;

/// What one chain led by so far.
#[derive(Debug, Default)]
pub struct Chain(HashSet<Uuid>);

impl Chain {
    /// Comes by one more.
    ///
    /// # Errors
    ///
    /// It was here before, or the chain does not end.
    pub fn follow(&mut self, id: impl Into<Uuid>) -> Result<(), LogError> {
        if self.0.len() >= LINKS_MAX {
            return Err(LogError::OutOfBounds("meets a chain of more than 10,000 links"));
        }
        if !self.0.insert(id.into()) {
            return Err(LogError::OutOfBounds("meets a chain that leads in a circle"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_followed_for_long_but_not_for_ever_and_not_in_a_circle() {
        let mut chain = Chain::default();
        for number in 0..LINKS_MAX as u128 {
            chain.follow(Uuid::from_u128(number)).expect("not too long");
        }
        let endless = chain.follow(Uuid::from_u128(LINKS_MAX as u128));
        assert!(endless.is_err_and(|error| error.to_string().contains("10,000")));
        let mut circle = Chain::default();
        circle.follow(Uuid::from_u128(1)).expect("the first");
        circle.follow(Uuid::from_u128(2)).expect("the second");
        let back = circle.follow(Uuid::from_u128(1));
        assert!(back.is_err_and(|error| error.to_string().contains("circle")));
    }
}
