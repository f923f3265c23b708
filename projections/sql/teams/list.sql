select tenant_id, id, name, members, retired, created_at, version, updated_position
from read.teams
where ($1::boolean or not retired)
    and (created_at, id)
        > (case when $2::timestamptz is null then '-infinity' else $2 end, $3::uuid)
    and (created_at, id) < (case when $4::timestamptz is null then 'infinity' else $4 end, $5::uuid)
order by created_at, id
limit $6::bigint
