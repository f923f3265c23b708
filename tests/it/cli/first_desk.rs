//! `docs/first-desk.md`: what a newcomer copies out of it works as it stands.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio, time::Duration};

use crate::process::{Place, home};

const ENDS_MAX: Duration = Duration::from_mins(2);
/// The program as a newcomer calls it, with the data folder that the document leaves out.
const CALLED: &str = "#!/bin/sh\nexec 'PROGRAM' --data-dir 'FOLDER' \"$@\"\n";

/// All commands of a document, in order.
fn commands(document: &str) -> String {
    let blocks = document.split("```bash\n").skip(1);
    blocks.filter_map(|block| block.split_once("```")).map(|(block, _)| block).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_of_ones_own_comes_about_by_the_commands_of_the_document() {
    let folder = home();
    let data = folder.path().join("data");
    let server = Place::new(&data).serve(&[]).await;
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/first-desk.md");
    let document = fs::read_to_string(document).expect("the document");
    let called = CALLED
        .replace("PROGRAM", env!("CARGO_BIN_EXE_allhours-under-test"))
        .replace("FOLDER", &data.display().to_string());
    let program = folder.path().join("allhours");
    fs::write(&program, called).expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it may be run");

    let path = std::env::var("PATH").expect("a path");
    let path = format!("{}:{path}", folder.path().display());
    let running = tokio::process::Command::new("bash")
        .args(["-euo", "pipefail", "-c", &commands(&document)])
        .env("PATH", path)
        .env("URL", server.address())
        .env_remove("DATABASE_URL")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ran = tokio::time::timeout(ENDS_MAX, running).await.expect("it ends in time");
    let ran = ran.expect("bash runs");
    let said = String::from_utf8(ran.stdout).expect("it writes text");
    let errors = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{said}{errors}");
    assert!(!said.contains("\"errors\""), "{said}");
    let answered = said.matches("\"userErrors\":").count();
    assert_eq!(said.matches("\"userErrors\":[]").count(), answered, "{said}");
    for seen in [
        "{\"desk\":{\"name\":\"Acme\"}",
        "{\"queue\":{\"nodes\":[{\"conversation\":{",
        "\"subject\":{\"text\":\"Order 1042\"}",
        "\"status\":\"RESOLVED\"",
        "\"text\":\"It left our warehouse today.\"",
        "\"hits\":[{\"kind\":\"MESSAGE\"",
        "The bundle is whole",
        "is forgotten",
        "All holds.",
    ] {
        assert!(said.contains(seen), "{seen}: {said}");
    }
    server.stop().await;
}
