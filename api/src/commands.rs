//! What each command does: settings in, an answer out, an exit code.
//!
//! Read [`run`], then the command you are after. What is written to stdout is the answer and
//! nothing else; progress and logs go to stderr.

mod doctor;
mod history;
mod people;
mod projections;
mod serve;

use std::{
    error::Error,
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
};

use clap::CommandFactory;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    cli::{Cli, Command, Completions, Import, Output},
    config::{self, Settings},
    demo,
    program::{Program, ProgramError, Store},
    telemetry,
};

/// What a command says.
#[derive(Debug)]
pub(crate) struct Said {
    text: String,
    json: Value,
    holds: bool,
}

impl Said {
    /// In words, and as JSON.
    fn new(text: impl Into<String>, json: &impl Serialize) -> Result<Self, Failure> {
        Ok(Self { text: text.into(), json: serde_json::to_value(json)?, holds: true })
    }

    /// With exit code 1 unless `holds`.
    fn holding(mut self, holds: bool) -> Self {
        self.holds = holds;
        self
    }

    /// Nothing more: it was all written before.
    fn nothing() -> Self {
        Self { text: String::new(), json: Value::Null, holds: true }
    }
}

/// Why a command did not do what it should.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong usage or setting: exit code 2.
    Usage(String),
    /// It failed: exit code 1.
    Failed(Box<dyn Error + Send + Sync>),
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// Carries out what the command line asks for, on a runtime of its own.
///
/// Not async, so that the program is compiled here once and not again in each binary.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let output = cli.global.output;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error.into(), output),
    };
    match runtime.block_on(carry_out(cli)) {
        Ok(said) => {
            // A reader that has gone, as `head` does, wants no more.
            answer(&said, output).ok();
            if said.holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(failure) => complain(&failure, output),
    }
}

async fn carry_out(cli: Cli) -> Result<Said, Failure> {
    if let Command::Completions(Completions { shell }) = &cli.command {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut Cli::command(), "allhours", &mut script);
        io::stdout().write_all(&script)?;
        return Ok(Said::nothing());
    }
    let loaded = config::load_here(&cli.overrides());
    let mut settings = loaded.map_err(|error| Failure::Usage(error.to_string()))?;
    let logs_little = !matches!(cli.command, Command::Serve(_));
    if logs_little && settings.telemetry.log_filter == "info" {
        "warn,postgres=off".clone_into(&mut settings.telemetry.log_filter);
    }
    let traces = telemetry::begin(&settings.telemetry);
    let _traces = traces.map_err(|error| Failure::Usage(error.to_string()))?;
    let settings = Arc::new(settings);
    match cli.command {
        Command::Serve(arguments) => serve::serve(settings, arguments.demo).await,
        Command::Migrate => migrated(&settings).await,
        Command::Demo => with_program(settings, async |program| demo_made(program).await).await,
        Command::Import(Import::Dialogues(arguments)) => {
            with_program(settings, async |program| people::import(program, arguments).await).await
        }
        Command::Replay(arguments) => {
            with_program(settings, async |program| history::replayed(program, arguments).await)
                .await
        }
        Command::Rebuild(arguments) => {
            with_program(settings, async |program| projections::rebuilt(program, arguments).await)
                .await
        }
        Command::Verify(arguments) => match arguments.bundle {
            Some(bundle) => history::bundle_checked(&bundle, arguments.public_key.as_ref()),
            None => {
                with_program(settings, async |program| projections::verified(program).await).await
            }
        },
        Command::Export(arguments) => {
            with_program(settings, async |program| history::exported(program, arguments).await)
                .await
        }
        Command::Checkpoint(arguments) => {
            with_program(settings, async |program| {
                history::checkpoint_made(program, arguments).await
            })
            .await
        }
        Command::Erase(arguments) => {
            with_program(settings, async |program| people::erased(program, arguments).await).await
        }
        Command::Token(arguments) => people::token(&settings, &arguments),
        Command::Doctor => doctor::examined(&settings).await,
        Command::Completions(_) => Ok(Said::nothing()),
    }
}

/// Opens the desk, works, and closes it, whatever came of the work.
async fn with_program(
    settings: Arc<Settings>,
    work: impl AsyncFnOnce(&Program) -> Result<Said, Failure>,
) -> Result<Said, Failure> {
    let program = Program::open(settings).await?;
    let said = work(&program).await;
    let closed: Result<(), ProgramError> = program.close().await;
    let said = said?;
    closed?;
    Ok(said)
}

async fn migrated(settings: &Settings) -> Result<Said, Failure> {
    let store = Store::open(settings).await?;
    let migrated = store.migrate().await;
    store.close().await?;
    let applied = migrated?.applied;
    let text = match applied.as_slice() {
        [] => "The database is up to date.".to_owned(),
        steps => format!("Migrated: {}.", steps.join(", ")),
    };
    Said::new(text, &json!({"applied": applied}))
}

async fn demo_made(program: &Program) -> Result<Said, Failure> {
    let made = demo::make(&program.desk).await?;
    let what = format!(
        "{} teams, {} agents, {} customers, {} conversations, {} articles",
        made.teams, made.agents, made.customers, made.conversations, made.articles
    );
    let text = if made.repeated {
        format!("The tenant `demo` is there already: {what}.")
    } else {
        format!("Made the tenant `demo`: {what}.")
    };
    Said::new(text, &made)
}

fn answer(said: &Said, output: Output) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match output {
        Output::Text if !said.text.is_empty() => writeln!(out, "{}", said.text),
        Output::Json if !said.json.is_null() => writeln!(out, "{}", said.json),
        Output::Text | Output::Json => Ok(()),
    }
}

fn complain(failure: &Failure, output: Output) -> ExitCode {
    let (what, code) = match failure {
        Failure::Usage(what) => (what.clone(), 2),
        Failure::Failed(error) => {
            let mut what = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                // Some errors say what their cause says.
                if !what.contains(&cause.to_string()) {
                    write!(what, ": {cause}").ok();
                }
                source = cause.source();
            }
            (what, 1)
        }
    };
    let mut out = io::stderr().lock();
    let written = match output {
        Output::Text => writeln!(out, "error: {what}"),
        Output::Json => writeln!(out, "{}", json!({"error": what})),
    };
    // Where even stderr is gone, the exit code has to do.
    written.ok();
    ExitCode::from(code)
}
