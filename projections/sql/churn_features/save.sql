insert into churn_features as it (
    tenant_id, customer_id, merged_into, history, updated_position
)
select
    tenant_id, customer_id, merged_into, history, updated_position
from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::jsonb[], $5::bigint[]
) as new(
    tenant_id, customer_id, merged_into, history, updated_position
)
on conflict (tenant_id, customer_id) do update set
    merged_into = excluded.merged_into, history = excluded.history,
    updated_position = excluded.updated_position
