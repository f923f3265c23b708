-- Across tenants: only for the timers, never for a tenant's reader.
select tenant_id, id
from read.intakes
where status = 'parked' and received_at < $1
order by received_at, id
limit $2::bigint
