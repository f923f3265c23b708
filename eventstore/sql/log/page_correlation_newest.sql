-- The range of positions is no way to find the rows (`+ 0`): a plan that took it for one would read the log.
select position, tenant_id, stream_type, stream_id, version, event_id, name, schema_version,
    command_id, correlation_id, causation_id, actor, occurred_at, recorded_at, payload, leaf_hash,
    traceparent
from events
where tenant_id = $1
    and position + 0 > $2 and position + 0 < $3
    and ($4::uuid is null or stream_id = $4)
    and ($5::text is null or stream_type = $5)
    and (cardinality($6::text[]) = 0 or name = any ($6))
    and ($7::text is null or actor = $7)
    and correlation_id = $8
    and ($9::uuid is null or command_id = $9)
    and ($10::timestamptz is null or recorded_at >= $10)
    and ($11::timestamptz is null or recorded_at < $11)
order by position + 0 desc
limit $12
