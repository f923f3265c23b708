select tenant_id, conversation_id, from_position, to_position, team_id, tier, priority, rank,
       waiting_since
from read.queue
where to_position is null
    and (not $1::boolean or team_id is not distinct from $2::uuid)
    and ($3::text is null or tier = $3)
    and ($4::text is null or priority = $4)
    and ($5::int is null
        or (rank, waiting_since, conversation_id) > ($5, $6::timestamptz, $7::uuid))
    and ($8::int is null
        or (rank, waiting_since, conversation_id) < ($8, $9::timestamptz, $10::uuid))
order by rank, waiting_since, conversation_id
limit $11::bigint
