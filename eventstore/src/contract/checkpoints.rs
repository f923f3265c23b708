//! Scenarios about checkpoints: made once, on from the last, the same from the beginning.

use ring::signature::Ed25519KeyPair;

use super::script::Script;
use crate::{
    checkpoint::{self, Checkpoints, note::Signer},
    error::LogError,
    merkle::{Consistency, Span, is_consistent},
};

fn signer(seed: u8) -> Signer {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a seed");
    Signer::new("desk.example/log", pair).expect("a name")
}

async fn written<L: Checkpoints>(log: &L, seed: u64, events: usize) {
    let mut script = Script::new(seed);
    let stream = script.stream();
    log.append(script.tagging(stream, 0, events)).await.expect("appended");
}

/// A checkpoint has the root of all events; the next goes on from it; neither changes.
pub async fn checkpoints_grow_and_a_size_has_one_for_ever<L: Checkpoints>(log: &L) {
    written(log, 1, 5).await;
    let first = checkpoint::at(log, &signer(1), 5).await.expect("made");
    assert_eq!((first.size, first.previous), (5, 0));
    written(log, 2, 8).await;
    let second = checkpoint::at(log, &signer(1), 13).await.expect("made");
    assert_eq!((second.size, second.previous), (13, 5));

    let leaves = log.leaves(0, 100).await.expect("read");
    let mut span = Span::new(0);
    let mut consistency = Consistency::new(5, 13);
    for (number, leaf) in (0..).zip(&leaves) {
        span.push(*leaf);
        consistency.push(number, *leaf);
    }
    let verifier = signer(1).verifier().clone();
    let [one, other] = [&first, &second].map(|it| verifier.open(&it.note).expect("signed"));
    assert_eq!((other.size, other.root), (13, span.root()));
    assert!(is_consistent((5, one.root), (13, other.root), &consistency.proof()));

    // One of a size between, and one of another key, leave those there as they are.
    let between = checkpoint::at(log, &signer(1), 9).await.expect("made");
    assert_eq!((between.size, between.previous), (9, 5));
    assert_eq!(checkpoint::at(log, &signer(2), 13).await.expect("found"), second);
    assert_eq!(log.checkpoint_up_to(12).await.expect("read"), Some(between));
    assert_eq!(log.checkpoint_up_to(4).await.expect("read"), None);
}

/// Nothing is signed that is not there, and what another key signed is not built upon.
pub async fn a_checkpoint_is_made_of_what_is_there<L: Checkpoints>(log: &L) {
    written(log, 1, 6).await;
    let beyond = checkpoint::at(log, &signer(1), 7).await;
    assert!(matches!(beyond, Err(LogError::OutOfBounds(_))), "{beyond:?}");
    let mut forged =
        checkpoint::Kept { size: 4, previous: 0, nodes: vec![[7; 32]], note: String::new() };
    let root = Span::from_nodes(0..4, forged.nodes.clone()).expect("one node").root();
    let origin = "desk.example/log".to_owned();
    forged.note = signer(9).sign(&checkpoint::Checkpoint { origin, size: 4, root }.to_text());
    log.keep_checkpoint(&forged).await.expect("kept");
    let kept = checkpoint::at(log, &signer(1), 6).await.expect("made");
    let mut span = Span::new(0);
    for leaf in log.leaves(0, 100).await.expect("read") {
        span.push(leaf);
    }
    assert_eq!(kept.nodes, span.nodes());
    assert_eq!(kept.previous, 4);
}
