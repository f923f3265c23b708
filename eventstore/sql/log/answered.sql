select last_position, request_hash
from commands
where tenant_id = $1 and command_id = $2
