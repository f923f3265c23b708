insert into assignments as it (
    tenant_id, conversation_id, from_position, to_position, agent_id, status
)
select
    tenant_id, conversation_id, from_position, to_position, agent_id, status
from unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::uuid[], $6::text[]
) as new(
    tenant_id, conversation_id, from_position, to_position, agent_id, status
)
on conflict (tenant_id, conversation_id, from_position) do update set
    to_position = excluded.to_position
