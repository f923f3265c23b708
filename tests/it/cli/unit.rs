//! The unit for systemd is what systemd takes, and lets a stop take its time.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use allhours_api::config;

const UNIT: &str = "../docs/allhours.service";
/// What the embedded PostgreSQL may take to write all down once requests have ended.
const POSTGRES_STOPS_S: u64 = 60;

fn setting(unit: &str, name: &str) -> String {
    let mut lines = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let value = lines.next().expect("the unit says it").to_owned();
    assert_eq!(lines.next(), None, "{name} is said once");
    value
}

#[test]
fn the_unit_waits_for_requests_and_for_postgresql_before_it_kills() {
    let unit = fs::read_to_string(UNIT).expect("the unit is there");
    let settings = config::load(&config::Overrides::default(), &[]).expect("the defaults");
    let drain_ms = settings.server.drain_notice_ms + settings.server.drain_ms;
    let stop_s: u64 = setting(&unit, "TimeoutStopSec").parse().expect("seconds");
    assert!(stop_s > drain_ms / 1_000 + POSTGRES_STOPS_S, "{stop_s} s");
    // To all of the group, SIGTERM would end PostgreSQL under the requests that still run.
    assert_eq!(setting(&unit, "KillMode"), "mixed");
    assert_ne!(setting(&unit, "User"), "root");
}

#[test]
fn systemd_takes_every_line_of_the_unit() {
    let unit = fs::read_to_string(UNIT).expect("the unit is there");
    let folder = tempfile::tempdir().expect("a folder of our own");
    let program = folder.path().join("allhours");
    fs::write(&program, "#!/bin/sh\n").expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let installed = folder.path().join("allhours.service");
    let unit = unit.replace("/usr/local/bin/allhours", &program.display().to_string());
    fs::write(&installed, unit).expect("a file");
    // A machine without systemd can't say.
    let Ok(checked) = Command::new("systemd-analyze").arg("verify").arg(&installed).output() else {
        return;
    };
    let said = String::from_utf8_lossy(&checked.stderr);
    let of_ours: Vec<&str> = said.lines().filter(|line| line.contains("allhours")).collect();
    assert!(checked.status.success() && of_ours.is_empty(), "{said}");
}
