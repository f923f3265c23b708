select tenant_id, id, name, members, retired, created_at, version, updated_position
from read.teams
where id = any($1)
