select it.tenant_id, it.team_id, it.status, it.tier, it.priority, it.conversations
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[]) as wanted(tenant_id, team_id, status, tier, priority)
join conversation_counters as it on it.tenant_id = wanted.tenant_id and it.team_id = wanted.team_id and it.status = wanted.status and it.tier = wanted.tier and it.priority = wanted.priority
