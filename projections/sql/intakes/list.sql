select tenant_id, id, channel, account, status, why_parked, deliveries, received_at, updated_at,
       customer_id, conversation_id, message_id, received_position, discarded_position, version,
       updated_position
from read.intakes
where ($1::text is null or channel = $1)
    and (received_at, id)
        < (case when $2::timestamptz is null then 'infinity' else $2 end, $3::uuid)
    and (received_at, id)
        > (case when $4::timestamptz is null then '-infinity' else $4 end, $5::uuid)
order by received_at desc, id desc
limit $6::bigint
