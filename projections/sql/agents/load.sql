select it.tenant_id, it.id, it.name_position, it.languages, it.skills, it.presence,
       it.presence_since, it.capacity_units, it.active, it.registered_at, it.version,
       it.updated_position
from unnest($1::uuid[], $2::uuid[]) as wanted(tenant_id, id)
join agents as it on it.tenant_id = wanted.tenant_id and it.id = wanted.id
