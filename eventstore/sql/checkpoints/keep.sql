insert into checkpoints (size, previous_size, nodes, note)
values ($1, $2, $3, $4)
on conflict (size) do nothing
