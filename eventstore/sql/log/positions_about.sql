select distinct position
from sealed
where tenant_id = $1 and subject_id = $2 and position > $3
order by position
limit $4
