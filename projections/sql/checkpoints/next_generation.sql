select coalesce(max(generation), 0) + 1 as generation
from read.checkpoints
where projection = $1
