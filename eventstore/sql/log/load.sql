select position, tenant_id, stream_type, stream_id, version, event_id, name, schema_version,
    command_id, correlation_id, causation_id, actor, occurred_at, recorded_at, payload, leaf_hash,
    traceparent
from events
where tenant_id = $1 and stream_id = $2 and version > $3 and stream_type = $4
order by version
limit $5
