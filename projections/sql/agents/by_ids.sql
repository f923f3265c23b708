select tenant_id, id, name_position, languages, skills, presence, presence_since,
       capacity_units, active, registered_at, version, updated_position
from read.agents
where id = any($1)
