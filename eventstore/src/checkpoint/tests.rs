//! Notes are those of the reference implementation; checkpoints grow and never change.

use ring::signature::Ed25519KeyPair;

use super::{
    note::{NoteError, Verifier},
    *,
};

/// The example of the reference implementation: key, seed, text, signature.
const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n";
const SIGNATURE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn signer(name: &str, seed: u8) -> Signer {
    Signer::new(name, Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: "desk.example/log".to_owned(), size: 7, root: [9; 32] }
}

#[test]
fn a_note_is_signed_as_the_reference_signs_it() {
    let seed = STANDARD.decode(SEED).unwrap();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed[1..]).unwrap();
    let signer = Signer::new("PeterNeumann", pair).unwrap();
    assert_eq!(signer.verifier().to_string(), KEY);
    let note = signer.sign(TEXT);
    assert_eq!(note, format!("{TEXT}\n{SIGNATURE}"));
    let verifier: Verifier = KEY.parse().unwrap();
    assert_eq!(verifier.open_text(&note), Ok(TEXT));
    assert_eq!(verifier.open(&note), Err(NoteError::Malformed), "it is no checkpoint");
}

#[test]
fn a_key_with_any_character_changed_is_refused() {
    for at in 0..KEY.len() {
        let mut bytes = KEY.as_bytes().to_vec();
        bytes[at] += 1;
        let changed = String::from_utf8(bytes).unwrap();
        assert!(changed.parse::<Verifier>().is_err(), "{changed}");
        assert!(KEY[..at].parse::<Verifier>().is_err());
    }
}

#[test]
fn a_note_with_any_character_changed_is_not_believed() {
    let signer = signer("desk.example/log", 1);
    let note = signer.sign(&checkpoint().to_text());
    assert_eq!(signer.verifier().open(&note), Ok(checkpoint()));
    for (at, letter) in note.char_indices() {
        let other = if letter == 'x' { "y" } else { "x" };
        let changed = format!("{}{other}{}", &note[..at], &note[at + letter.len_utf8()..]);
        assert!(signer.verifier().open(&changed).is_err(), "{changed}");
    }
}

#[test]
fn a_note_is_believed_from_its_own_key_only_and_may_have_other_signatures() {
    let (ours, theirs) = (signer("desk.example/log", 1), signer("desk.example/log", 2));
    let witness = signer("witness.example", 3);
    let text = checkpoint().to_text();
    assert_eq!(ours.verifier().open(&theirs.sign(&text)), Err(NoteError::Unsigned));
    let cosigned = ours.sign(&text) + witness.sign(&text).split_once("\n\n").unwrap().1;
    assert_eq!(ours.verifier().open(&cosigned), Ok(checkpoint()));
    assert_eq!(witness.verifier().open(&cosigned), Err(NoteError::Unsigned), "not its own log");
    assert_eq!(note::stated(&cosigned), Some(checkpoint()));
}

#[test]
fn a_checkpoint_reads_back_and_nothing_else_does() {
    let text = checkpoint().to_text();
    assert_eq!(Checkpoint::parse(&text), Some(checkpoint()));
    for wrong in [
        text.replace("\n7\n", "\n07\n"),
        text.replace("\n7\n", "\n-7\n"),
        text.trim_end().to_owned(),
        format!("{text}more\n"),
        text.replace('=', ""),
    ] {
        assert_eq!(Checkpoint::parse(&wrong), None, "{wrong}");
    }
}

#[test]
fn a_name_that_would_break_a_note_is_refused() {
    for name in ["two words", "a+b", "line\nbreak"] {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
        assert!(Signer::new(name, pair).is_err(), "{name}");
    }
    assert!(signer("", 1).name().starts_with("allhours/"));
}
