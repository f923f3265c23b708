-- Another process that holds it is at work on the same batch: leave it to that one.
select generation, version, position
from read.checkpoints
where projection = $1 and state = 'live'
for update skip locked
