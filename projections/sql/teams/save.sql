insert into teams as it (
    tenant_id, id, name, members, retired, created_at, version, updated_position
)
select
    tenant_id, id, name, members, retired, created_at, version, updated_position
from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::boolean[], $6::timestamptz[],
    $7::int[], $8::bigint[]
) as new(
    tenant_id, id, name, members, retired, created_at, version, updated_position
)
on conflict (tenant_id, id) do update set
    name = excluded.name, members = excluded.members, retired = excluded.retired,
    created_at = excluded.created_at, version = excluded.version,
    updated_position = excluded.updated_position
