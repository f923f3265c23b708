select it.tenant_id, it.id, it.name, it.members, it.retired, it.created_at, it.version,
       it.updated_position
from unnest($1::uuid[], $2::uuid[]) as wanted(tenant_id, id)
join teams as it on it.tenant_id = wanted.tenant_id and it.id = wanted.id
