-- Each customer with every profile that was merged into theirs, directly or by way of others.
with recursive profile (asked, id) as (
    select it.id, it.id
    from unnest($1::uuid[]) as it (id)
    union
    select profile.asked, merged.id
    from profile
    -- One look at the index for each, however many the planner expects.
    cross join lateral (
        select id from read.customers where merged_into = profile.id offset 0
    ) as merged
)
select asked, id
from profile
