//! Wrapped keys kept in memory.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use allhours_domain::ids::{SubjectId, TenantId};

use super::keyring::{FIRST, KeyRows, SubjectKeyRow, TenantKeyRow};
use crate::error::LogError;

/// Wrapped keys of all tenants and subjects.
#[derive(Debug, Default)]
pub(crate) struct MemoryRows {
    tenants: Mutex<BTreeMap<(TenantId, i16), TenantKeyRow>>,
    subjects: Mutex<BTreeMap<(TenantId, SubjectId), SubjectKeyRow>>,
}

impl MemoryRows {
    fn subjects(&self) -> MutexGuard<'_, BTreeMap<(TenantId, SubjectId), SubjectKeyRow>> {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_forgotten(&self, tenant: TenantId, subject: SubjectId) -> bool {
        self.subjects().get(&(tenant, subject)).is_some_and(|row| row.wrapped.is_none())
    }

    pub(crate) fn forget(&self, tenant: TenantId, subject: SubjectId) {
        let gone = SubjectKeyRow { subject, generation: FIRST, wrapped: None };
        self.subjects().insert((tenant, subject), gone);
    }
}

impl KeyRows for MemoryRows {
    async fn tenant_key(
        &self,
        tenant: TenantId,
        generation: Option<i16>,
    ) -> Result<Option<TenantKeyRow>, LogError> {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, last) = generation.map_or((FIRST, i16::MAX), |it| (it, it));
        let mut fitting = tenants.range((tenant, first)..=(tenant, last));
        Ok(fitting.next_back().map(|(_, row)| row.clone()))
    }

    async fn any_tenant_key(&self) -> Result<Option<(TenantId, TenantKeyRow)>, LogError> {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(tenants.first_key_value().map(|((tenant, _), row)| (*tenant, row.clone())))
    }

    async fn keep_tenant_key(
        &self,
        tenant: TenantId,
        key: TenantKeyRow,
    ) -> Result<TenantKeyRow, LogError> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(tenants.entry((tenant, key.generation)).or_insert(key).clone())
    }

    async fn subject_keys(
        &self,
        wanted: &[(TenantId, SubjectId)],
    ) -> Result<Vec<(TenantId, SubjectKeyRow)>, LogError> {
        let subjects = self.subjects();
        let found = wanted.iter().filter_map(|who| Some((who.0, subjects.get(who)?.clone())));
        Ok(found.collect())
    }

    async fn keep_subject_key(
        &self,
        tenant: TenantId,
        subject: SubjectId,
        tenant_generation: i16,
        wrapped: Vec<u8>,
    ) -> Result<SubjectKeyRow, LogError> {
        let wrapped = Some((tenant_generation, wrapped));
        let key = SubjectKeyRow { subject, generation: FIRST, wrapped };
        Ok(self.subjects().entry((tenant, subject)).or_insert(key).clone())
    }
}
