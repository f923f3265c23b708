-- The oldest first, each with the name that it has now.
select s.tenant_id, coalesce(e.payload #>> '{settings,name}', '')
from streams s
join lateral (
    select min(position) as position
    from events
    where tenant_id = s.tenant_id and stream_id = s.stream_id and version = 1) o on true
left join lateral (
    select payload
    from events
    where tenant_id = s.tenant_id and stream_id = s.stream_id
        and name in ('desk.opened', 'desk.settings_changed')
    order by version desc
    limit 1) e on true
where s.stream_type = 'desk'
order by o.position
limit $1
