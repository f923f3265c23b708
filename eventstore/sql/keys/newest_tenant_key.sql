select generation, wrapped
from tenant_keys
where tenant_id = $1 and generation > 0
order by generation desc
limit 1
