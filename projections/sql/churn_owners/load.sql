select it.tenant_id, it.conversation_id, it.customer_id
from unnest($1::uuid[], $2::uuid[]) as wanted(tenant_id, conversation_id)
join churn_owners as it on it.tenant_id = wanted.tenant_id and it.conversation_id = wanted.conversation_id
