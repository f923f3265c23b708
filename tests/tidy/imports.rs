//! The arrow: who may import whom, and what the pure core must not touch.

use crate::tree::{MAY_IMPORT, code, files, read, root, shown, words};

#[test]
fn data_flows_one_way() {
    for (package, allowed) in MAY_IMPORT {
        let manifest = read(&root().join(package).join("Cargo.toml"));
        for (other, _) in MAY_IMPORT {
            let imports = manifest.contains(&format!("allhours-{other}."));
            assert!(!imports || allowed.contains(other), "{package} must not import {other}");
        }
    }
}

#[test]
fn the_domain_waits_for_nothing_and_asks_nobody() {
    let banned =
        ["await", "async", "tokio", "tokio_postgres", "SystemTime", "Instant", "thread_rng"];
    for file in files("domain/src", "rs") {
        // The seam macro implements a trait of cqrs-es that is async by shape.
        if file.ends_with("decider.rs") || shown(&file).contains("/tests") {
            continue;
        }
        let text = code(&read(&file));
        for word in banned {
            assert!(!words(&text).any(|it| it == word), "`{word}` in {}", shown(&file));
        }
        assert!(!text.contains("Timestamp::now"), "a clock in {}", shown(&file));
    }
}

#[test]
fn only_the_clock_module_reads_a_clock_or_makes_ids() {
    let banned = ["Timestamp::now(", "SystemTime::now(", "Uuid::new_v4(", "Uuid::now_v7("];
    for (package, _) in MAY_IMPORT {
        for file in files(&format!("{package}/src"), "rs") {
            if file.ends_with("api/src/clock.rs") || shown(&file).contains("/tests") {
                continue;
            }
            let text = code(&read(&file));
            for call in banned {
                assert!(!text.contains(call), "`{call}` in {}", shown(&file));
            }
        }
    }
}

#[test]
fn only_the_log_and_the_projections_speak_sql() {
    for package in ["domain", "api", "inference"] {
        for file in files(&format!("{package}/src"), "rs") {
            let text = code(&read(&file)).to_lowercase();
            for phrase in [
                "\"select ",
                "\"insert into",
                "\"update ",
                "\"delete from",
                "include_str!(\"../sql",
            ] {
                assert!(!text.contains(phrase), "SQL in {}: {phrase}", shown(&file));
            }
        }
    }
}
