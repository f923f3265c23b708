select agent_id,
    count(*) filter (where status = 'open') as open,
    count(*) filter (where status = 'waiting') as waiting,
    count(*) filter (where status = 'snoozed') as snoozed
from read.assignments
where to_position is null and agent_id = any($1)
group by agent_id
