select tenant_id, subject_id, generation, tenant_generation, wrapped
from subject_keys
where tenant_id = $1 and tenant_generation < $2
order by tenant_generation, subject_id
limit $3
