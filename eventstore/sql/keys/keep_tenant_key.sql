insert into tenant_keys (tenant_id, generation, wrapped)
values ($1, $2, $3)
on conflict (tenant_id, generation) do nothing
