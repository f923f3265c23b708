-- Across tenants: only for the timers, never for a tenant's reader.
select tenant_id, id, snoozed_until
from read.conversations
where snoozed_until <= $1 and status = 'snoozed' and merged_into is null
order by snoozed_until, id
limit $2::bigint
