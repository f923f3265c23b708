select it.tenant_id, it.agent_id, it.from_position, it.to_position, it.presence, it.since
from unnest($1::uuid[], $2::uuid[]) as wanted(tenant_id, agent_id)
join presence as it on it.tenant_id = wanted.tenant_id and it.agent_id = wanted.agent_id
where it.to_position is null
