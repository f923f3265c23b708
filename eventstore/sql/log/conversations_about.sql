select count(distinct e.stream_id)
from sealed s
join events e on e.position = s.position
where s.tenant_id = $1 and s.subject_id = any ($2) and e.stream_type = 'conversation'
