select projection, generation, version, position, recorded_at
from read.checkpoints
where state = 'live'
order by projection
