select tenant_id, team_id, status, tier, priority, conversations
from read.conversation_counters
where conversations <> 0 and (not $1::boolean or team_id = $2::uuid)
order by team_id, status, tier, priority
