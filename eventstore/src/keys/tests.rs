//! The master key and its file.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn message(result: Result<MasterKey, impl std::error::Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_master_key_reads_in_base64_and_in_hexadecimal() {
    let key = MasterKey::generate().unwrap();
    let base64 = MasterKey::parse(&format!(" {}\n", key.to_base64().as_str())).unwrap();
    let hexadecimal = MasterKey::parse(&hex::encode(key.0.as_slice())).unwrap();
    assert_eq!(base64.0, key.0);
    assert_eq!(hexadecimal.0, key.0);
}

#[test]
fn a_malformed_master_key_is_refused_with_the_reason() {
    assert!(message(MasterKey::parse("not a key!")).contains("neither base64 nor"));
    assert!(message(MasterKey::parse("c2hvcnQ=")).contains("32 bytes"));
    assert!(message(MasterKey::parse("")).contains("32 bytes"));
}

#[test]
fn the_first_start_makes_a_key_file_that_only_its_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    assert!(message(MasterKey::read_file(&path)).contains("can't be read"));
    let made = MasterKey::read_or_create_file(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(MasterKey::read_or_create_file(&path).unwrap().0, made.0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_master_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    MasterKey::read_or_create_file(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = MasterKey::read_file(&path).unwrap_err().to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
}

#[test]
fn what_is_wrong_with_a_key_file_names_it_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let said = |what: &str| {
        let refused = message(MasterKey::read_or_create_file(&path));
        assert!(refused.contains(&path.display().to_string()), "{refused}");
        assert!(refused.contains(what), "{what}: {refused}");
    };
    for (content, mode) in [("c2hvcnQ=", 0o600), ("no key at all!", 0o600)] {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        said("restore it from a backup");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    said(&format!("`chmod 600 {}`", path.display()));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    said("can't be read: ");
}

#[test]
fn a_master_key_never_shows_in_a_log_line() {
    let key = MasterKey::generate().unwrap();
    assert_eq!(format!("{key:?}"), "MasterKey(..)");
}
