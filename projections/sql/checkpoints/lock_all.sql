select generation, version, state, position
from read.checkpoints
where projection = $1
order by generation
for update
