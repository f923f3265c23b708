//! Who has which key: opened on demand, kept in a bounded memory, rotated in small steps.

use std::{collections::HashMap, future::Future, sync::Arc};

use allhours_domain::ids::{SubjectId, TenantId};
use quick_cache::sync::Cache;
use tokio_postgres::error::SqlState;

use super::{MasterKeys, Secret, cipher};
use crate::error::LogError;

/// The generation of a tenant's key for blind indexes; it is never rotated.
pub(crate) const INDEX: i16 = 0;

/// The first generation of subjects' keys.
pub(crate) const FIRST: i16 = 1;

/// A tenant's key as stored.
#[derive(Debug, Clone)]
pub(crate) struct TenantKeyRow {
    pub generation: i16,
    pub wrapped: Vec<u8>,
}

/// A subject's key as stored; nothing is wrapped where the subject was forgotten.
#[derive(Debug, Clone)]
pub(crate) struct SubjectKeyRow {
    pub subject: SubjectId,
    pub generation: i16,
    pub wrapped: Option<(i16, Vec<u8>)>,
}

/// Where wrapped keys are kept.
pub(crate) trait KeyRows: Send + Sync + 'static {
    /// The tenant's key of this generation, or the newest for subjects' keys.
    fn tenant_key(
        &self,
        tenant: TenantId,
        generation: Option<i16>,
    ) -> impl Future<Output = Result<Option<TenantKeyRow>, LogError>> + Send;

    /// Any tenant's key; `None` where there is none yet.
    fn any_tenant_key(
        &self,
    ) -> impl Future<Output = Result<Option<(TenantId, TenantKeyRow)>, LogError>> + Send;

    /// Keeps a tenant's key unless one of its generation stands there; gives the one that does.
    fn keep_tenant_key(
        &self,
        tenant: TenantId,
        key: TenantKeyRow,
    ) -> impl Future<Output = Result<TenantKeyRow, LogError>> + Send;

    /// The keys of these subjects, those that were forgotten among them; unknown ones are
    /// left out.
    fn subject_keys(
        &self,
        wanted: &[(TenantId, SubjectId)],
    ) -> impl Future<Output = Result<Vec<(TenantId, SubjectKeyRow)>, LogError>> + Send;

    /// Keeps a subject's key, generation [`FIRST`], unless one stands there or the subject was
    /// forgotten; gives what stands.
    fn keep_subject_key(
        &self,
        tenant: TenantId,
        subject: SubjectId,
        tenant_generation: i16,
        wrapped: Vec<u8>,
    ) -> impl Future<Output = Result<SubjectKeyRow, LogError>> + Send;
}

/// An opened subject's key.
#[derive(Debug)]
pub(crate) struct SubjectKey {
    pub generation: i16,
    pub secret: Secret,
}

/// What is known about a subject's key.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    /// It opens texts.
    Open(Arc<SubjectKey>),
    /// The subject was forgotten, or never had a key.
    Gone,
}

/// Opens and makes keys.
#[derive(Debug)]
pub(crate) struct Keyring<R> {
    pub(crate) masters: MasterKeys,
    pub(crate) rows: R,
    tenants: Cache<(TenantId, i16), Arc<Secret>>,
    newest: Cache<TenantId, i16>,
    subjects: Cache<(TenantId, SubjectId), Arc<SubjectKey>>,
}

const TENANTS_MAX: usize = 1_000;
const SUBJECTS_MAX: usize = 10_000;

impl<R: KeyRows> Keyring<R> {
    pub(crate) fn new(masters: MasterKeys, rows: R) -> Self {
        Self {
            masters,
            rows,
            tenants: Cache::new(TENANTS_MAX),
            newest: Cache::new(TENANTS_MAX),
            subjects: Cache::new(SUBJECTS_MAX),
        }
    }

    /// Fails where the master key is another one than keys were wrapped by before: better now
    /// than when half of the keys are wrapped by each.
    pub(crate) async fn check_master_key(&self) -> Result<(), LogError> {
        match self.rows.any_tenant_key().await? {
            Some((tenant, row)) => self.unwrap_tenant_key(tenant, &row).map(drop),
            None => Ok(()),
        }
    }

    /// The keys to seal texts about these subjects with; made where there are none yet.
    pub(crate) async fn sealing(
        &self,
        tenant: TenantId,
        subjects: &[SubjectId],
    ) -> Result<HashMap<SubjectId, Arc<SubjectKey>>, LogError> {
        let mut keys = HashMap::with_capacity(subjects.len());
        let mut missing = Vec::new();
        for subject in subjects {
            match self.subjects.get(&(tenant, *subject)) {
                Some(key) => drop(keys.insert(*subject, key)),
                None => missing.push((tenant, *subject)),
            }
        }
        if missing.is_empty() {
            return Ok(keys);
        }
        let mut rows = self.by_subject(&missing).await?;
        for (_, subject) in missing {
            let row = match rows.remove(&(tenant, subject)) {
                Some(row) => row,
                None => self.make(tenant, subject).await?,
            };
            match self.unwrap(tenant, &row).await? {
                Held::Open(key) => drop(keys.insert(subject, key)),
                Held::Gone => return Err(LogError::SubjectErased(subject)),
            }
        }
        Ok(keys)
    }

    /// The keys to open texts about these subjects with.
    pub(crate) async fn opening(
        &self,
        wanted: impl IntoIterator<Item = (TenantId, SubjectId)>,
    ) -> Result<HashMap<(TenantId, SubjectId), Held>, LogError> {
        let mut keys = HashMap::new();
        let mut missing = Vec::new();
        for who in wanted {
            if keys.contains_key(&who) {
                continue;
            }
            if let Some(key) = self.subjects.get(&who) {
                keys.insert(who, Held::Open(key));
            } else {
                keys.insert(who, Held::Gone);
                missing.push(who);
            }
        }
        if missing.is_empty() {
            return Ok(keys);
        }
        for ((tenant, subject), row) in self.by_subject(&missing).await? {
            keys.insert((tenant, subject), self.unwrap(tenant, &row).await?);
        }
        Ok(keys)
    }

    /// Forgets what is in memory about a subject's key.
    pub(crate) fn drop_subject(&self, tenant: TenantId, subject: SubjectId) {
        self.subjects.remove(&(tenant, subject));
    }

    /// The tenant's key for blind indexes.
    pub(crate) async fn index_key(&self, tenant: TenantId) -> Result<Arc<Secret>, LogError> {
        if let Some(key) = self.tenants.get(&(tenant, INDEX)) {
            return Ok(key);
        }
        let row = match self.rows.tenant_key(tenant, Some(INDEX)).await? {
            Some(row) => row,
            None => self.make_tenant_key(tenant, INDEX).await?,
        };
        self.unwrap_tenant_key(tenant, &row)
    }

    /// The generation and key that wraps new subjects' keys.
    pub(crate) async fn wrapping_key(
        &self,
        tenant: TenantId,
    ) -> Result<(i16, Arc<Secret>), LogError> {
        if let Some(generation) = self.newest.get(&tenant)
            && let Some(key) = self.tenants.get(&(tenant, generation))
        {
            return Ok((generation, key));
        }
        let row = match self.rows.tenant_key(tenant, None).await? {
            Some(row) => row,
            None => self.make_tenant_key(tenant, FIRST).await?,
        };
        let key = self.unwrap_tenant_key(tenant, &row)?;
        self.newest.insert(tenant, row.generation);
        Ok((row.generation, key))
    }

    /// Makes and keeps a tenant's key.
    pub(crate) async fn make_tenant_key(
        &self,
        tenant: TenantId,
        generation: i16,
    ) -> Result<TenantKeyRow, LogError> {
        let secret = cipher::random_secret()?;
        let place = cipher::tenant_key_place(tenant, generation);
        let wrapped = cipher::seal(self.masters.wrapping(), &place, secret.as_slice())?;
        self.newest.remove(&tenant);
        self.rows.keep_tenant_key(tenant, TenantKeyRow { generation, wrapped }).await
    }

    /// The tenant's key of a generation that is known to exist.
    pub(crate) async fn tenant_key(
        &self,
        tenant: TenantId,
        generation: i16,
    ) -> Result<Arc<Secret>, LogError> {
        if let Some(key) = self.tenants.get(&(tenant, generation)) {
            return Ok(key);
        }
        let row = self.rows.tenant_key(tenant, Some(generation)).await?;
        let row = row.ok_or(LogError::Key("is missing: a tenant's key that wraps others"))?;
        self.unwrap_tenant_key(tenant, &row)
    }

    pub(crate) fn unwrap_tenant_key(
        &self,
        tenant: TenantId,
        row: &TenantKeyRow,
    ) -> Result<Arc<Secret>, LogError> {
        let place = cipher::tenant_key_place(tenant, row.generation);
        let secret = self
            .masters
            .all()
            .find_map(|master| cipher::open(master, &place, &row.wrapped))
            .and_then(|bytes| cipher::secret_from(&bytes))
            .ok_or(LogError::Key("does not fit: the master key does not open a tenant's key"))?;
        let secret = Arc::new(secret);
        self.tenants.insert((tenant, row.generation), secret.clone());
        Ok(secret)
    }

    async fn by_subject(
        &self,
        wanted: &[(TenantId, SubjectId)],
    ) -> Result<HashMap<(TenantId, SubjectId), SubjectKeyRow>, LogError> {
        let rows = self.rows.subject_keys(wanted).await?;
        Ok(rows.into_iter().map(|(tenant, row)| ((tenant, row.subject), row)).collect())
    }

    async fn make(&self, tenant: TenantId, subject: SubjectId) -> Result<SubjectKeyRow, LogError> {
        let secret = cipher::random_secret()?;
        let place = cipher::subject_key_place(tenant, subject, FIRST);
        let (generation, wrapping) = self.wrapping_key(tenant).await?;
        let wrapped = cipher::seal(&wrapping, &place, secret.as_slice())?;
        match self.rows.keep_subject_key(tenant, subject, generation, wrapped).await {
            Err(LogError::Database(error))
                if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) =>
            {
                // The tenant's key was rotated meanwhile and the one remembered here retired.
                self.newest.remove(&tenant);
                let (generation, wrapping) = self.wrapping_key(tenant).await?;
                let wrapped = cipher::seal(&wrapping, &place, secret.as_slice())?;
                self.rows.keep_subject_key(tenant, subject, generation, wrapped).await
            }
            Err(LogError::Database(error)) if error.code() == Some(&SqlState::NO_DATA_FOUND) => {
                // A new one would seal texts beside those that only the lost one opens.
                Err(LogError::Key("is lost: that of a subject whose sealed texts are there"))
            }
            kept => kept,
        }
    }

    /// A subject's key, opened by the tenant's key that wraps it.
    pub(crate) async fn unwrap(
        &self,
        tenant: TenantId,
        row: &SubjectKeyRow,
    ) -> Result<Held, LogError> {
        let Some((tenant_generation, wrapped)) = &row.wrapped else {
            return Ok(Held::Gone);
        };
        let wrapping = self.tenant_key(tenant, *tenant_generation).await?;
        let place = cipher::subject_key_place(tenant, row.subject, row.generation);
        let secret = cipher::open(&wrapping, &place, wrapped)
            .and_then(|bytes| cipher::secret_from(&bytes))
            .ok_or(LogError::Key("does not fit: a tenant's key does not open a subject's key"))?;
        let key = Arc::new(SubjectKey { generation: row.generation, secret });
        self.subjects.insert((tenant, row.subject), key.clone());
        Ok(Held::Open(key))
    }

    /// A subject's key, wrapped anew by another key of the tenant.
    pub(crate) async fn rewrapped(
        &self,
        tenant: TenantId,
        row: &SubjectKeyRow,
        wrapping: &Secret,
    ) -> Result<Option<Vec<u8>>, LogError> {
        let Held::Open(key) = self.unwrap(tenant, row).await? else {
            return Ok(None);
        };
        let place = cipher::subject_key_place(tenant, row.subject, row.generation);
        cipher::seal(wrapping, &place, key.secret.as_slice()).map(Some)
    }

    /// A tenant's key, wrapped anew by the master key in force; `None` where it is already.
    pub(crate) fn rewrapped_by_master(
        &self,
        tenant: TenantId,
        row: &TenantKeyRow,
    ) -> Result<Option<Vec<u8>>, LogError> {
        let place = cipher::tenant_key_place(tenant, row.generation);
        if cipher::open(self.masters.wrapping(), &place, &row.wrapped).is_some() {
            return Ok(None);
        }
        let secret = self.unwrap_tenant_key(tenant, row)?;
        cipher::seal(self.masters.wrapping(), &place, secret.as_slice()).map(Some)
    }
}
