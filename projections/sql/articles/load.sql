select it.tenant_id, it.id, it.locale, it.draft_state, it.title, it.draft_position,
       it.author_id, it.published_version, it.published_title, it.published_position,
       it.published_at, it.retired, it.citations, it.created_at, it.updated_at, it.version,
       it.updated_position
from unnest($1::uuid[], $2::uuid[], $3::text[]) as wanted(tenant_id, id, locale)
join articles as it on it.tenant_id = wanted.tenant_id and it.id = wanted.id and it.locale = wanted.locale
