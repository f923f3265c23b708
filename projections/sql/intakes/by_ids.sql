select tenant_id, id, channel, account, status, why_parked, deliveries, received_at, updated_at,
       customer_id, conversation_id, message_id, received_position, discarded_position, version,
       updated_position
from read.intakes
where id = any($1)
