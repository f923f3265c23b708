select size, previous_size, nodes, note
from checkpoints
where size > $1
order by size
limit $2
