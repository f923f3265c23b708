select tenant_id, conversation_id, from_position, to_position, agent_id, status
from read.assignments
where to_position is null and agent_id = any($1)
order by agent_id, conversation_id
limit $2::bigint
