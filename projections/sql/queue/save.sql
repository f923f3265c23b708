insert into queue as it (
    tenant_id, conversation_id, from_position, to_position, team_id, tier, priority, rank,
    waiting_since
)
select
    tenant_id, conversation_id, from_position, to_position, team_id, tier, priority, rank,
    waiting_since
from unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::uuid[], $6::text[], $7::text[],
    $8::int[], $9::timestamptz[]
) as new(
    tenant_id, conversation_id, from_position, to_position, team_id, tier, priority, rank,
    waiting_since
)
on conflict (tenant_id, conversation_id, from_position) do update set
    to_position = excluded.to_position
