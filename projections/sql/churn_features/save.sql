insert into churn_features as it (
    tenant_id, customer_id, history, updated_position
)
select
    tenant_id, customer_id, history, updated_position
from unnest(
    $1::uuid[], $2::uuid[], $3::jsonb[], $4::bigint[]
) as new(
    tenant_id, customer_id, history, updated_position
)
on conflict (tenant_id, customer_id) do update set
    history = excluded.history, updated_position = excluded.updated_position
