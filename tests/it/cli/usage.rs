//! How the program is used: help, exit codes, completions, settings, secrets.

use std::{fs, path::Path, process::Stdio};

use allhours_api::cli::Cli;
use clap::CommandFactory;
use tokio::process::Command;

use super::run::{run, run_with};
use crate::process::program;

const KEY: &str = "b3f1c2d4e5a697887766554433221100ffeeddccbbaa99887766554433221100";

#[tokio::test(flavor = "multi_thread")]
async fn every_command_explains_itself_with_an_example() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    for command in Cli::command().get_subcommands() {
        let below = command.get_subcommands().map(|it| vec![it.get_name()]);
        for rest in std::iter::once(vec![]).chain(below) {
            let arguments = [vec![command.get_name()], rest, vec!["--help"]].concat();
            let help = run(folder.path(), &arguments).await.well();
            assert!(help.contains("Example"), "{arguments:?}: {help}");
            assert!(help.contains("--output"), "{arguments:?}: {help}");
        }
    }
    let help = run(folder.path(), &["--help"]).await.well();
    assert!(help.contains("Exit codes: 0"), "{help}");
    assert!(!folder.path().join("postgres").exists(), "help starts nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_ends_with_2_and_a_failure_with_1() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let no_toml = folder.path().join("no.toml").display().to_string();
    fs::write(&no_toml, "[database]\nurl = \"postgres://ada:secret@db\n").expect("a file");
    let nowhere = "postgres://nobody@127.0.0.1:1/nowhere";
    let wrong: &[(i32, &[&str], &str)] = &[
        (2, &["fly"], "fly"),
        (2, &["token", "--tenant", "demo"], "--role"),
        (2, &["token", "--tenant", "demo", "--role", "king"], "king"),
        (2, &["import", "dialogues", "--tenant", "demo", "/nowhere.jsonl"], "/nowhere.jsonl"),
        (2, &["verify", "--config", "/nowhere.toml"], "/nowhere.toml"),
        (2, &["serve", "--listen", "here"], "server.listen"),
        (2, &["token", "--tenant", "demo", "--role", "agent", "--ttl", "0"], "--ttl"),
        (2, &["token", "--tenant", "demo", "--role", "agent", "--ttl", "31622401"], "31622400"),
        (2, &["token", "--tenant", "", "--role", "agent"], "--tenant"),
        (2, &["export", "--tenant", " ", "--to-dir", "/nowhere"], "--tenant"),
        (2, &["import", "dialogues", "--tenant", "demo", "/"], "/ is a folder"),
        (2, &["import", "dialogues", "--tenant", "demo", "/dev/null"], "/dev/null is no regular"),
        (2, &["verify", "--bundle", "/nowhere"], "there is no folder /nowhere"),
        (2, &["erase", "--tenant", "demo", "--customer", "ada"], "expected a UUID"),
        (2, &["token", "--tenant", "demo", "--role", "agent", "--config", &no_toml], "no TOML at"),
        (1, &["verify", "--database-url", nowhere], "database"),
        (2, &["verify", "--database-url", "nonsense"], "database.url"),
        (2, &["verify", "--bundle", "/nowhere", "--public-key", "nonsense"], "public key"),
    ];
    for (code, arguments, named) in wrong {
        for form in ["text", "json"] {
            let ran = run(folder.path(), &[*arguments, &["--output", form]].concat()).await;
            assert_eq!(ran.code, *code, "{arguments:?}: {ran:?}");
            assert!(ran.errors.contains(named), "{arguments:?}: {ran:?}");
            assert!(!ran.errors.contains("secret"), "{ran:?}");
            assert!(ran.out.is_empty(), "an error is no answer: {ran:?}");
            let read = serde_json::from_str::<serde_json::Value>(&ran.errors);
            let is_object = read.is_ok_and(|it| it["error"].is_string());
            assert_eq!(is_object, form == "json", "{arguments:?}: {}", ran.errors);
        }
    }
}

/// The exit code of a command whose answer goes there, and what it said beside it.
async fn answered_to(folder: &Path, out: Stdio, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = program(folder);
    command.args(arguments).stdin(Stdio::null()).stdout(out).stderr(Stdio::piped());
    let output = command.spawn().expect("it starts").wait_with_output().await.expect("it ends");
    (output.status.code(), String::from_utf8(output.stderr).expect("it writes text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cant_be_written_is_a_failure_unless_its_reader_has_gone() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    run(folder, &["demo"]).await.well();
    let commands: &[&[&str]] = &[
        &["man"],
        &["completions", "bash"],
        &["token", "--tenant", "demo", "--role", "agent"],
        &["checkpoint"],
        &["migrate"],
        &["doctor", "--output", "json"],
        &["replay"],
    ];
    for command in commands {
        let full = fs::File::options().write(true).open("/dev/full").expect("a full disk");
        let (code, errors) = answered_to(folder, full.into(), command).await;
        assert!(code == Some(1) && errors.contains("No space left"), "{command:?}: {errors}");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let (code, errors) = answered_to(folder, writer.into(), command).await;
        assert_eq!(code, Some(0), "{command:?}: {errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_are_scripts_that_shells_take() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = run(folder.path(), &["completions", shell]).await.well();
        for command in Cli::command().get_subcommands() {
            assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
        }
        let file = folder.path().join(shell);
        fs::write(&file, script).expect("a file");
        match Command::new(shell).arg(check).arg(&file).status().await {
            Ok(status) => assert!(status.success(), "{shell} does not take it"),
            // Only bash is on every machine that this is tested on.
            Err(error) => assert_ne!(shell, "bash", "{error}"),
        }
    }
}

/// What bash offers after these words.
async fn offered(script: &Path, words: &[&str]) -> Vec<String> {
    let line = words.join(" ");
    let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
    let ask = format!(
        "source '{}'; COMP_WORDS=({line}{}); COMP_CWORD={}; COMP_LINE='{line}'; \
         _allhours allhours '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        if last.is_empty() { " ''" } else { "" },
        words.len() - 1,
    );
    let output = Command::new("bash").args(["--norc", "-c", &ask]).output().await.expect("bash");
    assert!(output.status.success(), "{ask}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn bash_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let script = folder.path().join("allhours.bash");
    fs::write(&script, run(folder.path(), &["completions", "bash"]).await.well()).expect("a file");
    if Command::new("bash").args(["-c", "type complete"]).output().await.is_err() {
        return;
    }
    assert_eq!(offered(&script, &["allhours", "exp"]).await, ["export"]);
    assert_eq!(offered(&script, &["allhours", "keys", "ro"]).await, ["rotate"]);
    let options = offered(&script, &["allhours", "export", "--a"]).await;
    assert_eq!(options, ["--as-of"]);
    let forms = offered(&script, &["allhours", "export", "--form", ""]).await;
    assert_eq!(forms, ["auditor", "analyst", "features"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let page = run(folder.path(), &["man"]).await.well();
    assert!(page.contains(".TH allhours 1") && page.contains("Exit codes"), "{page}");
    let pages = folder.path().join("man1");
    let said = run(folder.path(), &["man", &pages.display().to_string()]).await.well();
    assert!(said.contains("man1"), "{said}");
    for command in Cli::command().get_subcommands() {
        let name = format!("allhours-{}.1", command.get_name());
        let page = fs::read_to_string(pages.join(&name)).expect("a page");
        assert!(page.contains(".SH SYNOPSIS"), "{name}: {page}");
        assert!(page.contains("data\\-dir"), "{name}: what is taken everywhere: {page}");
    }
    for name in ["allhours.1", "allhours-keys-rotate.1", "allhours-import-dialogues.1"] {
        assert!(pages.join(name).is_file(), "{name}");
    }
    assert!(!folder.path().join("postgres").exists(), "nothing was started");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_setting_stops_the_program_and_is_named_with_its_source() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let file = folder.path().join("wrong.toml");
    fs::write(&file, "[server]\nlissen = \"127.0.0.1:1\"\n").expect("a file");
    let file = file.display().to_string();
    let cases = [
        ("ALLHOURS_SERVER_LISTEN", "here", "server.listen"),
        ("ALLHOURS_SERVER_DRAIN_MS", "soon", "server.drain_ms"),
        ("ALLHOURS_SERVER_LISTN", "127.0.0.1:1", "server.listn"),
        ("ALLHOURS_KEYS_MASTER", "short", "keys.master"),
        ("ALLHOURS_KEYS_MASTER_FILE", "/nowhere", "keys.master"),
        ("ALLHOURS_CHECKPOINTS_KEY", "short", "checkpoints.key"),
        ("ALLHOURS_CHECKPOINTS_TRUSTED", "nobody", "checkpoints.trusted"),
        ("ALLHOURS_TELEMETRY_LOG_FILTER", "=,=", "telemetry.log_filter"),
        ("ALLHOURS_SERVER_ADMIN_LISTEN", "there", "server.admin_listen"),
        ("ALLHOURS_CONFIG", file.as_str(), "server.lissen"),
    ];
    for (variable, value, setting) in cases {
        let ran = run_with(folder.path(), &[(variable, value)], &["serve"]).await;
        assert_eq!(ran.code, 2, "{variable}: {ran:?}");
        assert!(ran.errors.contains(&format!("`{setting}`")), "{variable}: {}", ran.errors);
        assert!(!ran.errors.contains("short"), "a secret is not repeated: {}", ran.errors);
        let secret = setting.starts_with("keys.") || setting == "checkpoints.key";
        let quoted = ran.errors.contains(&format!("found `{value}`"));
        assert_eq!(quoted, !secret && value != "127.0.0.1:1" && value != file, "{}", ran.errors);
    }
    assert!(!folder.path().join("postgres").exists(), "nothing was started");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_can_stand_in_a_file_and_another_one_opens_nothing() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let data = folder.path().join("data");
    let written = |name: &str, key: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("{key}\n")).expect("a file");
        path.display().to_string()
    };
    let (right, wrong) = (written("right", KEY), written("wrong", &KEY.replace('b', "c")));
    let right = [("ALLHOURS_KEYS_MASTER_FILE", right.as_str())];
    let wrong = [("ALLHOURS_KEYS_MASTER_FILE", wrong.as_str())];
    run_with(&data, &right, &["demo"]).await.well();
    assert!(!data.join("master.key").exists(), "no second key is made");
    let said = run_with(&data, &right, &["replay", "--open"]).await.well();
    assert!(said.contains("Grace Obi"), "texts are opened");
    let ran = run_with(&data, &wrong, &["replay", "--open"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.errors.contains("master key"), "{}", ran.errors);
    assert_missing_key_is_said(&data).await;
}

async fn assert_missing_key_is_said(data: &Path) {
    let ran = run(data, &["replay"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.errors.contains("master.key"), "{}", ran.errors);
    assert!(!data.join("master.key").exists(), "a new key would open nothing");
}
