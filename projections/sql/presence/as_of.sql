select tenant_id, agent_id, from_position, to_position, presence, since
from read.presence
where agent_id = any($1) and from_position <= $2 and (to_position is null or to_position > $2)
