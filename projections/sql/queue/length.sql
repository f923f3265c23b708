select count(*) as conversations, min(waiting_since) as waiting_since
from read.queue
where (case when $3::bigint is null then to_position is null
        else from_position <= $3 and (to_position is null or to_position > $3) end)
    and (not $1::boolean or team_id is not distinct from $2::uuid)
    and ($4::text is null or tier = $4)
    and ($5::text is null or priority = $5)
