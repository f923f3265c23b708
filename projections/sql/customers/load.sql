select it.tenant_id, it.id, it.tier, it.language, it.name_position, it.consents, it.identities,
       it.merged_into, it.erased, it.identified_at, it.version, it.updated_position
from unnest($1::uuid[], $2::uuid[]) as wanted(tenant_id, id)
join customers as it on it.tenant_id = wanted.tenant_id and it.id = wanted.id
