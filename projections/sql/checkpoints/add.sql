insert into read.checkpoints (projection, generation, version, state, position, moved_at)
values ($1, $2, $3, $4, 0, clock_timestamp())
