insert into intakes as it (
    tenant_id, id, channel, account, status, why_parked, deliveries, received_at, updated_at,
    customer_id, conversation_id, message_id, received_position, discarded_position, version,
    updated_position
)
select
    tenant_id, id, channel, account, status, why_parked, deliveries, received_at, updated_at,
    customer_id, conversation_id, message_id, received_position, discarded_position, version,
    updated_position
from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[],
    $8::timestamptz[], $9::timestamptz[], $10::uuid[], $11::uuid[], $12::uuid[], $13::bigint[],
    $14::bigint[], $15::int[], $16::bigint[]
) as new(
    tenant_id, id, channel, account, status, why_parked, deliveries, received_at, updated_at,
    customer_id, conversation_id, message_id, received_position, discarded_position, version,
    updated_position
)
on conflict (tenant_id, id) do update set
    channel = excluded.channel, account = excluded.account, status = excluded.status,
    why_parked = excluded.why_parked, deliveries = excluded.deliveries,
    received_at = excluded.received_at, updated_at = excluded.updated_at,
    customer_id = excluded.customer_id, conversation_id = excluded.conversation_id,
    message_id = excluded.message_id, received_position = excluded.received_position,
    discarded_position = excluded.discarded_position, version = excluded.version,
    updated_position = excluded.updated_position
