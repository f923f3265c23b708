//! The tree is that of the RFC: its published values, and random trees against its definition.

use proptest::prelude::*;

use super::*;

/// The inputs of Certificate Transparency's reference tests.
const INPUTS: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
/// The roots of the first 0, 1, ... 8 of them.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const N_01: &str = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
const N_1: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const N_23: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const N_4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const N_45: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
const N_6: &str = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f";
const N_67: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const N_0123: &str = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
const N_4567: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
/// Smaller tree, larger tree, the proof between them.
const CONSISTENCY: &[(u64, u64, &[&str])] = &[
    (1, 1, &[]),
    (1, 8, &[N_1, N_23, N_4567]),
    (6, 8, &[N_45, N_67, N_0123]),
    (2, 5, &[N_23, N_4]),
    (6, 7, &[N_45, N_6, N_0123]),
    (2, 8, &[N_23, N_4567]),
];

fn hash(text: &str) -> Hash {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn leaves_of_reference() -> Vec<Hash> {
    INPUTS.iter().map(|input| sha256(&[vec![0], hex::decode(input).unwrap()].concat())).collect()
}

fn span_of(leaves: &[Hash]) -> Span {
    let mut span = Span::new(0);
    for leaf in leaves {
        span.push(*leaf);
    }
    span
}

fn proof_of(leaves: &[Hash], smaller: usize) -> Vec<Hash> {
    let mut proof = Consistency::new(smaller as u64, leaves.len() as u64);
    for (number, leaf) in (0..).zip(leaves) {
        proof.push(number, *leaf);
    }
    proof.proof()
}

/// As the RFC defines it: split at the largest power of two below the count.
fn by_the_book(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            parent(&by_the_book(left), &by_the_book(right))
        }
    }
}

fn numbered(count: usize) -> Vec<Hash> {
    (0..count).map(|number| sha256(&number.to_be_bytes())).collect()
}

#[test]
fn roots_are_those_of_the_reference() {
    let leaves = leaves_of_reference();
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(span_of(&leaves[..size]).root(), hash(root), "{size} leaves");
    }
}

#[test]
fn nodes_are_those_of_the_reference() {
    let nodes: Vec<_> = span_of(&leaves_of_reference()[..7]).nodes().to_vec();
    assert_eq!(nodes, [hash(N_0123), hash(N_45), hash(N_6)]);
    assert_eq!(span_of(&leaves_of_reference()[..2]).nodes(), [hash(N_01)]);
}

#[test]
fn consistency_proofs_are_those_of_the_reference() {
    let leaves = leaves_of_reference();
    for (smaller, larger, expected) in CONSISTENCY {
        let (small, large) =
            (usize::try_from(*smaller).unwrap(), usize::try_from(*larger).unwrap());
        let expected: Vec<Hash> = expected.iter().map(|it| hash(it)).collect();
        assert_eq!(proof_of(&leaves[..large], small), expected, "{smaller} {larger}");
        let (one, other) = ((*smaller, hash(ROOTS[small])), (*larger, hash(ROOTS[large])));
        assert!(is_consistent(one, other, &expected), "{smaller} {larger}");
    }
}

#[test]
fn nodes_that_cannot_be_those_of_a_span_are_refused() {
    let nodes = span_of(&numbered(6)).nodes().to_vec();
    assert!(Span::from_nodes(0..6, nodes.clone()).is_some());
    assert!(Span::from_nodes(0..7, nodes.clone()).is_none());
    let backwards = Range { start: 6, end: 0 };
    assert!(Span::from_nodes(backwards, nodes).is_none());
    assert!(!span_of(&numbered(6)).join(&Span::new(7)));
}

proptest! {
    #[test]
    fn the_root_is_that_of_the_definition_for_every_size(count in 0_usize..300) {
        let leaves = numbered(count);
        prop_assert_eq!(span_of(&leaves).root(), by_the_book(&leaves));
    }

    #[test]
    fn a_tree_begins_with_each_smaller_one_and_with_no_other(
        count in 2_usize..200, part in 0_usize..10_000, changed in 0_usize..10_000,
    ) {
        let leaves = numbered(count);
        let smaller = 1 + part % (count - 1);
        let one = (smaller as u64, by_the_book(&leaves[..smaller]));
        let other = (count as u64, by_the_book(&leaves));
        let proof = proof_of(&leaves, smaller);
        prop_assert!(is_consistent(one, other, &proof));
        let wrong = (one.0, sha256(b"another"));
        prop_assert!(!is_consistent(wrong, other, &proof));
        prop_assert!(!is_consistent(one, (other.0, wrong.1), &proof));
        prop_assert!(!is_consistent(one, other, &proof[1..]));
        prop_assert!(!is_consistent(one, other, &[proof.clone(), vec![wrong.1]].concat()));
        let mut bent = proof.clone();
        let at = changed % bent.len();
        bent[at][0] ^= 1;
        prop_assert!(!is_consistent(one, other, &bent));
        prop_assert!(!is_consistent(other, one, &proof));
    }

    #[test]
    fn what_was_kept_and_the_spans_of_what_was_not_give_the_root(
        kept in prop::collection::vec(any::<bool>(), 1..200), changed in 0_usize..10_000,
    ) {
        let leaves = numbered(kept.len());
        let mut gaps = Vec::new();
        let mut gap = Span::new(0);
        for ((number, leaf), kept) in (0_u64..).zip(&leaves).zip(&kept) {
            if *kept {
                gaps.push(std::mem::replace(&mut gap, Span::new(number + 1)));
            } else {
                gap.push(*leaf);
            }
        }
        gaps.push(gap);
        let rebuilt = |leaves: &[Hash]| {
            let mut tree = Span::new(0);
            let mut gaps = gaps.iter();
            assert!(tree.join(gaps.next().expect("one before the first")));
            for (leaf, _) in leaves.iter().zip(&kept).filter(|(_, kept)| **kept) {
                tree.push(*leaf);
                assert!(tree.join(gaps.next().expect("one after each")));
            }
            tree.root()
        };
        prop_assert_eq!(rebuilt(&leaves), by_the_book(&leaves));
        let mut bent = leaves.clone();
        let at = changed % bent.len();
        bent[at][31] ^= 1;
        prop_assert_eq!(rebuilt(&bent) != by_the_book(&leaves), kept[at]);
    }

    #[test]
    fn spans_that_touch_join_to_the_span_of_both(count in 0_usize..200, at in 0_usize..10_000) {
        let leaves = numbered(count);
        let (left, right) = leaves.split_at(at % (count + 1));
        let mut joined = span_of(left);
        let mut next = Span::new(joined.end());
        for leaf in right {
            next.push(*leaf);
        }
        prop_assert!(joined.join(&next));
        prop_assert_eq!(&joined, &span_of(&leaves));
        let again = Span::from_nodes(0..count as u64, joined.nodes().to_vec());
        prop_assert_eq!(again, Some(joined));
    }
}
