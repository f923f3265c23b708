delete from read.dead_letters
where projection = $1 and generation = $2
