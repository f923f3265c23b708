select tenant_id, id, tier, language, name_position, consents, identities, merged_into, erased,
       identified_at, version, updated_position
from read.customers
where ($1::text is null or tier = $1)
    and ($2::text is null or language = $2)
    and ($3::boolean or merged_into is null)
    and ($4::boolean or not erased)
    and (identified_at, id)
        < (case when $5::timestamptz is null then 'infinity' else $5 end, $6::uuid)
    and (identified_at, id)
        > (case when $7::timestamptz is null then '-infinity' else $7 end, $8::uuid)
order by identified_at, id
limit $9::bigint
