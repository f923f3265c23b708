-- The events of a command stand side by side, and the last of them is its answer.
select e.tenant_id, e.command_id, e.first_position
from (
    select tenant_id, command_id, count(*) as events, min(position) as first_position,
        max(position) as last_position
    from events
    group by tenant_id, command_id
) e
left join commands c on c.tenant_id = e.tenant_id and c.command_id = e.command_id
where c.last_position is distinct from e.last_position
    or e.last_position - e.first_position + 1 <> e.events
order by e.first_position
limit $1
