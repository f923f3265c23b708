select coalesce(h.tenant_id, e.tenant_id), coalesce(h.stream_id, e.stream_id), e.last_position
from streams h
full join (
    select tenant_id, stream_id, count(*) as version, max(position) as last_position,
        min(stream_type) as stream_type, max(stream_type) as stream_type_max
    from events
    group by tenant_id, stream_id
) e on e.tenant_id = h.tenant_id and e.stream_id = h.stream_id
where h.version is distinct from e.version
    or h.last_position is distinct from e.last_position
    or h.stream_type is distinct from e.stream_type
    or e.stream_type <> e.stream_type_max
order by e.last_position
limit $1
