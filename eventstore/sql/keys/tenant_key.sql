select generation, wrapped
from tenant_keys
where tenant_id = $1 and generation = $2
