insert into customers as it (
    tenant_id, id, tier, language, name_position, consents, identities, merged_into, erased,
    identified_at, version, updated_position
)
select
    tenant_id, id, tier, language, name_position, consents, identities, merged_into, erased,
    identified_at, version, updated_position
from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::jsonb[], $7::jsonb[],
    $8::uuid[], $9::boolean[], $10::timestamptz[], $11::int[], $12::bigint[]
) as new(
    tenant_id, id, tier, language, name_position, consents, identities, merged_into, erased,
    identified_at, version, updated_position
)
on conflict (tenant_id, id) do update set
    tier = excluded.tier, language = excluded.language, name_position = excluded.name_position,
    consents = excluded.consents, identities = excluded.identities,
    merged_into = excluded.merged_into, erased = excluded.erased,
    identified_at = excluded.identified_at, version = excluded.version,
    updated_position = excluded.updated_position
