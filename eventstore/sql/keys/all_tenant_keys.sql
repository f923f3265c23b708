select generation, wrapped, tenant_id
from tenant_keys
where (tenant_id, generation) > ($1, $2)
order by tenant_id, generation
limit $3
