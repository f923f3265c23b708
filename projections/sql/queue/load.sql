select it.tenant_id, it.conversation_id, it.from_position, it.to_position, it.team_id, it.tier,
       it.priority, it.rank, it.waiting_since
from unnest($1::uuid[], $2::uuid[]) as wanted(tenant_id, conversation_id)
join queue as it on it.tenant_id = wanted.tenant_id and it.conversation_id = wanted.conversation_id
where it.to_position is null
