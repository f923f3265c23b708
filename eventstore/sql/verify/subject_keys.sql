select tenant_id, subject_id, generation, tenant_generation, wrapped
from subject_keys
where (tenant_id, subject_id) > ($1, $2) and wrapped is not null
order by tenant_id, subject_id
limit $3
