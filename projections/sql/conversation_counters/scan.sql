select tenant_id, team_id, status, tier, priority, conversations
from conversation_counters
