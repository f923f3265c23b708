//! What each command does: settings in, an answer out, an exit code.
//!
//! Read [`run`], then the command you are after. What is written to stdout is the answer and
//! nothing else; progress and logs go to stderr.

mod doctor;
mod features;
mod history;
mod keys;
mod people;
mod projections;
mod serve;
mod shells;
mod tenants;

use std::{
    env,
    error::Error,
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
    sync::Arc,
};

use allhours_eventstore::operator;
use clap::Parser as _;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    causes::with_causes,
    cli::{Checkpoint, Cli, Command, Completions, Import, Keys, Man, Output, Verify},
    config::{self, Settings},
    counted::counted,
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
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misread(&error),
    };
    let output = cli.global.output;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error.into(), output),
    };
    match runtime.block_on(carry_out(cli)) {
        Ok(said) => match answer(&said, output) {
            Ok(()) if said.holds => ExitCode::SUCCESS,
            Ok(()) => ExitCode::FAILURE,
            Err(error) => {
                let what = format!("the answer can't be written: {error}");
                complain(&Failure::Failed(what.into()), output)
            }
        },
        Err(failure) => complain(&failure, output),
    }
}

async fn carry_out(cli: Cli) -> Result<Said, Failure> {
    // What is asked of the command line itself needs no settings.
    if let Command::Completions(Completions { shell }) = &cli.command {
        return shells::completions(*shell);
    }
    if let Command::Man(Man { dir }) = &cli.command {
        return shells::manual(dir.as_deref());
    }
    if let Command::Verify(Verify { bundle: Some(bundle), public_key }) = &cli.command {
        return history::bundle_checked(bundle, public_key.as_ref());
    }
    if let Command::Import(Import::Dialogues(arguments)) = &cli.command {
        people::are_there(&arguments.files)?;
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
        Command::Demo => {
            let program = Program::open(settings).await?;
            worked(program, async |program| demo_made(program).await).await
        }
        Command::Checkpoint(Checkpoint { new_key: true, .. }) => history::key_made(&settings),
        Command::Doctor => doctor::examined(&settings).await,
        Command::Completions(_) | Command::Man(_) => Ok(Said::nothing()),
        command => {
            let program = Program::open_existing(settings).await?;
            worked(program, async |program| on_a_desk(program, command).await).await
        }
    }
}

/// What can be done on a desk that is there.
async fn on_a_desk(program: &Program, command: Command) -> Result<Said, Failure> {
    match command {
        Command::Import(Import::Dialogues(arguments)) => people::import(program, arguments).await,
        Command::Replay(arguments) => history::replayed(program, arguments).await,
        Command::Rebuild(arguments) => projections::rebuilt(program, arguments).await,
        Command::Verify(_) => projections::verified(program).await,
        Command::Export(arguments) => history::exported(program, arguments).await,
        Command::Checkpoint(arguments) => history::checkpoint_made(program, arguments).await,
        Command::Erase(arguments) => people::erased(program, arguments).await,
        Command::Token(arguments) => people::token(program, &arguments).await,
        Command::Keys(Keys::Rotate(arguments)) => keys::rotated(program, &arguments).await,
        Command::Keys(Keys::Rewrap) => keys::rewrapped(program).await,
        Command::Serve(_)
        | Command::Migrate
        | Command::Demo
        | Command::Doctor
        | Command::Completions(_)
        | Command::Man(_) => Ok(Said::nothing()),
    }
}

/// Works on an open desk, and closes it, whatever came of the work.
async fn worked(
    program: Program,
    work: impl AsyncFnOnce(&Program) -> Result<Said, Failure>,
) -> Result<Said, Failure> {
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
    let mut made = demo::make(&program.desk).await?;
    if made.repeated {
        // What is there by now is more than what was made, where somebody has worked with it.
        let there = operator::streams_of(&program.store.database, made.tenant_id).await?;
        made.holds(&there);
    }
    let what = [
        counted(made.teams, "team"),
        counted(made.agents, "agent"),
        counted(made.customers, "customer"),
        counted(made.conversations, "conversation"),
        counted(made.articles, "article"),
    ];
    let what = what.join(", ");
    let text = if made.repeated {
        format!("The tenant `demo` is there already and was not changed. It holds {what}.")
    } else {
        format!("Made the tenant `demo`: {what}.")
    };
    Said::new(text, &made)
}

fn answer(said: &Said, output: Output) -> io::Result<()> {
    match output {
        Output::Text if !said.text.is_empty() => print(format!("{}\n", said.text).as_bytes()),
        Output::Json if !said.json.is_null() => print(format!("{}\n", said.json).as_bytes()),
        Output::Text | Output::Json => Ok(()),
    }
}

/// Writes to stdout, to the end.
fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // A reader that has gone, as `head` does, wants no more.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Answers a command line that does not read, or asks for help.
fn misread(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || !Cli::wants_json(env::args_os()) {
        error.exit();
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    complain(&Failure::Usage(text.trim_end().to_owned()), Output::Json)
}

fn complain(failure: &Failure, output: Output) -> ExitCode {
    let (what, code) = match failure {
        Failure::Usage(what) => (what.clone(), 2),
        Failure::Failed(error) => (with_causes(error.as_ref()), 1),
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
