select tenant_id, id, channel, account, status, why_parked, deliveries, received_at, updated_at,
       customer_id, conversation_id, message_id, received_position, discarded_position, version,
       updated_position
from read.intakes
where status = $1
    and ($2::text is null or channel = $2)
    and ($3::timestamptz is null or (received_at, id) < ($3, $4::uuid))
    and ($5::timestamptz is null or (received_at, id) > ($5, $6::uuid))
order by received_at desc, id desc
limit $7::bigint
