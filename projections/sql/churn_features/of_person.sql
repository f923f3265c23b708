-- The history of a profile, and of every one that was merged into it, directly or by way of others.
with recursive profile (id) as (
    select $1::uuid
    union
    select merged.customer_id
    from profile
    -- One look at the index for each, however many the planner expects.
    cross join lateral (
        select customer_id from read.churn_features where merged_into = profile.id offset 0
    ) as merged
)
select it.tenant_id, it.customer_id, it.merged_into, it.history, it.updated_position
from profile
join read.churn_features as it on it.customer_id = profile.id
