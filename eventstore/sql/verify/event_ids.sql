select tenant_id, event_id, max(position)
from (
    select tenant_id, event_id, position, count(*) over (partition by event_id) as times
    from events
) e
where times > 1
group by tenant_id, event_id
order by max(position)
limit $1
