select tenant_id, conversation_id, from_position, to_position, team_id, tier, priority, rank,
       waiting_since
from queue
