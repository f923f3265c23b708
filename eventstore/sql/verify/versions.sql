select tenant_id, stream_id, min(position)
from (
    select tenant_id, stream_id, position, version,
        row_number() over (partition by tenant_id, stream_id order by position) as expected
    from events
) e
where version <> expected
group by tenant_id, stream_id
order by min(position)
limit $1
