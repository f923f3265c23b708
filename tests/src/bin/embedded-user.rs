//! Uses the private PostgreSQL of a folder until its input ends, for tests that kill it.

use std::{
    io::{Read, Write},
    process::ExitCode,
};

use allhours_eventstore::embedded::{EmbeddedOptions, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else { return ExitCode::from(2) };
    let options =
        EmbeddedOptions { durable: false, shared_buffers_mib: 16, ..EmbeddedOptions::new(folder) };
    let said = match Server::start_or_attach(&options).await {
        Err(error) => format!("failed: {error}\n"),
        Ok(server) => {
            if say("ready\n") {
                let _ = std::io::stdin().read_to_end(&mut Vec::new());
            }
            match server.stop().await {
                Ok(()) => "stopped\n".to_owned(),
                Err(error) => format!("failed: {error}\n"),
            }
        }
    };
    if say(&said) && said == "stopped\n" { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn say(word: &str) -> bool {
    let mut out = std::io::stdout();
    out.write_all(word.as_bytes()).and_then(|()| out.flush()).is_ok()
}
