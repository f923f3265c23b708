-- Across tenants: only for the timers, never for a tenant's reader.
select held.tenant_id, held.id, held.assignee_id as agent_id, null::uuid as team_id,
    null::uuid as customer_id
from read.agents a
cross join lateral (
    select c.tenant_id, c.id, c.assignee_id
    from read.conversations c
    where c.tenant_id = a.tenant_id and c.assignee_id = a.id
        and c.status in ('open', 'waiting', 'snoozed') and c.merged_into is null
    limit $1::bigint
) as held
where not a.active
union all
select queued.tenant_id, queued.id, null, queued.team_id, null
from read.teams t
cross join lateral (
    select c.tenant_id, c.id, c.team_id
    from read.conversations c
    where c.tenant_id = t.tenant_id and c.team_id = t.id
        and c.status in ('open', 'waiting', 'snoozed') and c.merged_into is null
    limit $1::bigint
) as queued
where t.retired
union all
select begun.tenant_id, begun.id, null, null, begun.customer_id
from read.customers k
cross join lateral (
    select c.tenant_id, c.id, c.customer_id
    from read.conversations c
    where c.tenant_id = k.tenant_id and c.customer_id = k.id
        and c.status not in ('closed', 'merged')
    limit $1::bigint
) as begun
where k.erased
limit $1::bigint
