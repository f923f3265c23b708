insert into read.dead_letters (
    projection, generation, position, tenant_id, event_id, name, why, parked_at
)
values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
on conflict (projection, generation, position) do nothing
