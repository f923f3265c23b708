update read.checkpoints
set position = $3, recorded_at = $4, moved_at = clock_timestamp()
where projection = $1 and generation = $2
returning extract(epoch from clock_timestamp() - $4)::float8 as age_seconds
