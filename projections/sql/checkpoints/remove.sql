delete from read.checkpoints
where projection = $1 and generation = $2
