insert into presence as it (
    tenant_id, agent_id, from_position, to_position, presence, since
)
select
    tenant_id, agent_id, from_position, to_position, presence, since
from unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::timestamptz[]
) as new(
    tenant_id, agent_id, from_position, to_position, presence, since
)
on conflict (tenant_id, agent_id, from_position) do update set
    to_position = excluded.to_position
