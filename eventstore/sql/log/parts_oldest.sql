-- The range of positions is no way to find the rows (`+ 0`): a plan that took it for one would read the log.
select it.position, it.tenant_id, it.stream_type, it.stream_id, it.version, it.event_id, it.name,
    it.schema_version, it.command_id, it.correlation_id, it.causation_id, it.actor,
    it.occurred_at, it.recorded_at, it.payload, it.leaf_hash, it.traceparent, part.number
from jsonb_to_recordset($2) as part (
    number int, stream_type text, stream_id uuid, after int, about jsonb, but jsonb
)
cross join lateral (
    select position, tenant_id, stream_type, stream_id, version, event_id, name, schema_version,
        command_id, correlation_id, causation_id, actor, occurred_at, recorded_at, payload,
        leaf_hash, traceparent
    from events
    where tenant_id = $1 and stream_id = part.stream_id and stream_type = part.stream_type
        and version > part.after
        and position + 0 > $3 and position + 0 < $4
        and (cardinality($5::text[]) = 0 or name = any ($5))
        and (part.about is null or part.about ? (payload ->> 'message'))
        and (part.but is null or not coalesce(part.but ? (payload ->> 'message'), false))
    order by version
    limit $6
) as it
order by part.number, it.version
