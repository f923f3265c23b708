select k.tenant_id, k.subject_id, k.generation, k.tenant_generation, k.wrapped
from unnest($1::uuid[], $2::uuid[]) as w (tenant_id, subject_id)
join subject_keys k on k.tenant_id = w.tenant_id and k.subject_id = w.subject_id
