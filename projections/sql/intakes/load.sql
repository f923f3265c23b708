select it.tenant_id, it.id, it.channel, it.account, it.status, it.why_parked, it.deliveries,
       it.received_at, it.updated_at, it.customer_id, it.conversation_id, it.message_id,
       it.received_position, it.discarded_position, it.version, it.updated_position
from unnest($1::uuid[], $2::uuid[]) as wanted(tenant_id, id)
join intakes as it on it.tenant_id = wanted.tenant_id and it.id = wanted.id
