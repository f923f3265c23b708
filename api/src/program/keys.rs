//! Which keys a desk works with: the one that wraps all others, and the one that signs checkpoints.

use allhours_eventstore::{
    checkpoint::{
        Checkpoints as _,
        note::{Signer, Verifier, stated},
    },
    database::Database,
    error::LogError,
    keys::{MasterKey, MasterKeys},
    log::Log as _,
    pg::{PgLog, PgLogOptions},
    recorded::Position,
};

use super::{CHECKPOINT_KEY_FILE, CHECKPOINT_KEY_REMEDY, MASTER_KEY_FILE, ProgramError};
use crate::{config::Settings, keyfile};

/// What signs checkpoints: the key of the settings, else that of the data folder. One is made
/// only where nothing was signed yet, or by keys that are named as former ones.
pub(super) async fn signer(settings: &Settings, log: &PgLog) -> Result<Signer, ProgramError> {
    let checkpoints = &settings.checkpoints;
    let newest = log.checkpoint_up_to(Position::MAX).await?.map(|kept| kept.note);
    let signed_by = |key: Verifier| newest.as_ref().is_some_and(|note| key.open(note).is_ok());
    let unknown = newest.is_some() && !checkpoints.trusted_keys().any(signed_by);
    let pair = if let Some(pair) = checkpoints.pair() {
        pair
    } else {
        let path = settings.data.dir.join(CHECKPOINT_KEY_FILE);
        if unknown && !path.exists() {
            return Err(ProgramError::CheckpointKeyMissing { path });
        }
        keyfile::open(&settings.data.dir, CHECKPOINT_KEY_FILE, CHECKPOINT_KEY_REMEDY)?
    };
    let signer = Signer::new(&checkpoints.origin, pair)?;
    if unknown && !signed_by(signer.verifier().clone()) {
        let by = newest.as_deref().and_then(stated).map(|checkpoint| checkpoint.origin);
        tracing::warn!(
            newest_by = by.unwrap_or_default(),
            ours = signer.name(),
            "the newest checkpoint was signed by another key: processes on one database must have \
             the same, former ones belong in `checkpoints.trusted`"
        );
    }
    Ok(signer)
}

/// The log, with the master key of the settings, else that of the data folder.
pub(super) async fn open_log(
    settings: &Settings,
    database: &Database,
) -> Result<PgLog, ProgramError> {
    let from = master_key_from(settings);
    let start = async |keys: MasterKeys| {
        PgLog::start(database.clone(), keys, PgLogOptions::default()).await
    };
    let previous: Result<Vec<_>, _> = settings.keys.earlier().map(MasterKey::parse).collect();
    let previous = previous?;
    let master = settings.keys.master.reveal();
    if !master.is_empty() {
        let keys = MasterKeys::new(MasterKey::parse(master)?, previous);
        return start(keys).await.map_err(|error| of_another(&from, error));
    }
    let path = settings.data.dir.join(MASTER_KEY_FILE);
    if !path.exists() {
        // A new key is only for a new desk: it would open nothing of an old one.
        let empty = match start(MasterKey::generate()?.into()).await {
            Err(LogError::Key(_)) => return Err(ProgramError::MasterKeyMissing { path }),
            started => started?,
        };
        let head = empty.head().await;
        empty.stop().await;
        if head? > 0 {
            return Err(ProgramError::MasterKeyMissing { path });
        }
    }
    let key = MasterKey::read_or_create_file(&path)?;
    start(MasterKeys::new(key, previous)).await.map_err(|error| of_another(&from, error))
}

/// Where the master key in force comes from, in words.
pub(super) fn master_key_from(settings: &Settings) -> String {
    if settings.keys.master.is_empty() {
        let path = settings.data.dir.join(MASTER_KEY_FILE);
        format!("the master key file {}", path.display())
    } else {
        "the setting `keys.master`".to_owned()
    }
}

/// Says of a key that opens nothing where it comes from.
fn of_another(from: &str, error: LogError) -> ProgramError {
    match error {
        source @ LogError::Key(_) => ProgramError::MasterKeyOther { from: from.to_owned(), source },
        error => error.into(),
    }
}
