update read.checkpoints
set state = 'live'
where projection = $1 and generation = $2
