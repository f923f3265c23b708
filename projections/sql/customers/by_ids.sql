select tenant_id, id, tier, language, name_position, consents, identities, merged_into, erased,
       identified_at, version, updated_position
from read.customers
where id = any($1)
