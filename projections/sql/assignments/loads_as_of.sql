select agent_id,
    count(*) filter (where status = 'open') as open,
    count(*) filter (where status = 'waiting') as waiting,
    count(*) filter (where status = 'snoozed') as snoozed
from read.assignments
where agent_id = any($1) and from_position <= $2 and (to_position is null or to_position > $2)
group by agent_id
