select version, actor, recorded_at
from events
where tenant_id = $1 and stream_id = $2
order by version desc
limit 1
