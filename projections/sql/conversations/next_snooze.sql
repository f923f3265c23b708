-- Across tenants: only for the timers, never for a tenant's reader.
select min(snoozed_until) as snoozed_until
from read.conversations
where status = 'snoozed' and merged_into is null
