insert into churn_owners as it (
    tenant_id, conversation_id, customer_id
)
select
    tenant_id, conversation_id, customer_id
from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[]
) as new(
    tenant_id, conversation_id, customer_id
)
on conflict (tenant_id, conversation_id) do update set
    customer_id = excluded.customer_id
