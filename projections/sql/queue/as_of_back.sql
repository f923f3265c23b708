select tenant_id, conversation_id, from_position, to_position, team_id, tier, priority, rank,
       waiting_since
from read.queue
where from_position <= $12 and (to_position is null or to_position > $12)
    and (not $1::boolean or team_id is not distinct from $2::uuid)
    and ($3::text is null or tier = $3)
    and ($4::text is null or priority = $4)
    and (rank, waiting_since, conversation_id)
        > (case when $5::int is null then -2147483648 else $5 end, $6::timestamptz, $7::uuid)
    and (rank, waiting_since, conversation_id)
        < (case when $8::int is null then 2147483647 else $8 end, $9::timestamptz, $10::uuid)
order by rank desc, waiting_since desc, conversation_id desc
limit $11::bigint
