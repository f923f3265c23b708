select it.tenant_id, it.customer_id, it.merged_into, it.history, it.updated_position
from unnest($1::uuid[], $2::uuid[]) as wanted(tenant_id, customer_id)
join churn_features as it on it.tenant_id = wanted.tenant_id and it.customer_id = wanted.customer_id
