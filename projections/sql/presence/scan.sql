select tenant_id, agent_id, from_position, to_position, presence, since
from presence
