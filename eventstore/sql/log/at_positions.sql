select position, tenant_id, stream_type, stream_id, version, event_id, name, schema_version,
    command_id, correlation_id, causation_id, actor, occurred_at, recorded_at, payload, leaf_hash,
    traceparent
from events
where position = any ($2) and tenant_id = $1
order by position
