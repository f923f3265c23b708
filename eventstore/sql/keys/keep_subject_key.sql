select tenant_id, subject_id, generation, tenant_generation, wrapped
from keep_subject_key($1, $2, $3, $4)
