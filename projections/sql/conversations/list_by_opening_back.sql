-- $1 and $4: whether to filter by team and by assignee, where null is a value of its own.
select tenant_id, id, customer_id, channel, status, episode, team_id, assignee_id, priority,
       tier, language, tags, fields, waiting_on, resolution, opened_at, last_activity_at,
       last_public_activity_at,
       last_customer_message_at, waiting_since, waits, queued_at, snoozed_until, resolved_at,
       subject_position, last_message_position, message_count, merged_into, version,
       updated_position
from read.conversations
where (not $1::boolean or team_id is not distinct from $2::uuid)
    and ($3::text[] is null or status = any($3))
    and (not $4::boolean or assignee_id = $5::uuid or ($5::uuid is null and assignee_id is null))
    and ($6::text is null or tier = $6)
    and ($7::text is null or priority = $7)
    and ($8::text is null or tags ? $8)
    and ($9::uuid[] is null or customer_id = any($9))
    and ($10::text is null or channel = $10)
    and ($11::text is null or language = $11)
    and ($12::boolean or merged_into is null)
    -- Follows from the bounds below. The planner takes a range of two ends for narrow, and so takes
    -- the index that is in order.
    and opened_at <= case when $13::timestamptz is null then 'infinity' else $13 end
    and opened_at >= case when $15::timestamptz is null then '-infinity' else $15 end
    and (opened_at, id)
        < (case when $13::timestamptz is null then 'infinity' else $13 end, $14::uuid)
    and (opened_at, id)
        > (case when $15::timestamptz is null then '-infinity' else $15 end, $16::uuid)
order by opened_at, id
limit $17::bigint
