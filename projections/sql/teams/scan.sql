select tenant_id, id, name, members, retired, created_at, version, updated_position
from teams
