insert into agents as it (
    tenant_id, id, name_position, languages, skills, presence, presence_since, capacity_units,
    active, registered_at, version, updated_position
)
select
    tenant_id, id, name_position, languages, skills, presence, presence_since, capacity_units,
    active, registered_at, version, updated_position
from unnest(
    $1::uuid[], $2::uuid[], $3::bigint[], $4::jsonb[], $5::jsonb[], $6::text[],
    $7::timestamptz[], $8::int[], $9::boolean[], $10::timestamptz[], $11::int[], $12::bigint[]
) as new(
    tenant_id, id, name_position, languages, skills, presence, presence_since, capacity_units,
    active, registered_at, version, updated_position
)
on conflict (tenant_id, id) do update set
    name_position = excluded.name_position, languages = excluded.languages,
    skills = excluded.skills, presence = excluded.presence,
    presence_since = excluded.presence_since, capacity_units = excluded.capacity_units,
    active = excluded.active, registered_at = excluded.registered_at,
    version = excluded.version, updated_position = excluded.updated_position
