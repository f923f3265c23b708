insert into conversation_counters as it (
    tenant_id, team_id, status, tier, priority, conversations
)
select
    tenant_id, team_id, status, tier, priority, conversations
from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[]
) as new(
    tenant_id, team_id, status, tier, priority, conversations
)
on conflict (tenant_id, team_id, status, tier, priority) do update set
    conversations = it.conversations + excluded.conversations
