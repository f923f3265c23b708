select projection, generation, version, state, position, recorded_at
from read.checkpoints
order by projection, generation
