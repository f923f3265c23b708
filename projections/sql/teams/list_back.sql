select tenant_id, id, name, members, retired, created_at, version, updated_position
from read.teams
where ($1::boolean or not retired)
    and ($2::timestamptz is null or (created_at, id) > ($2, $3::uuid))
    and ($4::timestamptz is null or (created_at, id) < ($4, $5::uuid))
order by created_at desc, id desc
limit $6::bigint
