select tenant_id, id, locale, draft_state, title, draft_position, author_id, published_version,
       published_title, published_position, published_at, retired, citations, created_at,
       updated_at, version, updated_position
from read.articles
where ($1::text is null or locale = $1)
    and ($2::text is null or draft_state = $2)
    and (not $3::boolean or published_version is not null)
    and ($4::boolean or not retired)
    and (updated_at, id, locale)
        < (case when $5::timestamptz is null then 'infinity' else $5 end, $6::uuid, $7::text)
    and (updated_at, id, locale)
        > (case when $8::timestamptz is null then '-infinity' else $8 end, $9::uuid, $10::text)
order by updated_at desc, id desc, locale desc
limit $11::bigint
