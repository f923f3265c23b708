select tenant_id, id, name, members, retired, created_at, version, updated_position
from read.teams
where members ?| $1::text[]
order by created_at, id
limit 1000
