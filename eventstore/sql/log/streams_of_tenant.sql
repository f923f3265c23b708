select stream_type, count(*)
from streams
where tenant_id = $1
group by stream_type
