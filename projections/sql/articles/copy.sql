copy articles (
    tenant_id, id, locale, draft_state, title, draft_position, author_id, published_version,
    published_title, published_position, published_at, retired, citations, created_at,
    updated_at, version, updated_position
) from stdin binary
