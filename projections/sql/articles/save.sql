insert into articles as it (
    tenant_id, id, locale, draft_state, title, draft_position, author_id, published_version,
    published_title, published_position, published_at, retired, citations, created_at,
    updated_at, version, updated_position
)
select
    tenant_id, id, locale, draft_state, title, draft_position, author_id, published_version,
    published_title, published_position, published_at, retired, citations, created_at,
    updated_at, version, updated_position
from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::uuid[],
    $8::int[], $9::text[], $10::bigint[], $11::timestamptz[], $12::boolean[], $13::int[],
    $14::timestamptz[], $15::timestamptz[], $16::int[], $17::bigint[]
) as new(
    tenant_id, id, locale, draft_state, title, draft_position, author_id, published_version,
    published_title, published_position, published_at, retired, citations, created_at,
    updated_at, version, updated_position
)
on conflict (tenant_id, id, locale) do update set
    draft_state = excluded.draft_state, title = excluded.title,
    draft_position = excluded.draft_position, author_id = excluded.author_id,
    published_version = excluded.published_version, published_title = excluded.published_title,
    published_position = excluded.published_position, published_at = excluded.published_at,
    retired = excluded.retired, citations = excluded.citations,
    created_at = excluded.created_at, updated_at = excluded.updated_at,
    version = excluded.version, updated_position = excluded.updated_position
