-- Signed checkpoints: how large the log was, and the root of its Merkle tree. They only grow.

create table checkpoints (
    size bigint primary key check (size > 0),    -- how many events; the position of the last
    previous_size bigint not null check (previous_size >= 0 and previous_size < size),
    nodes bytea[] not null,                      -- the roots of complete subtrees, largest first
    note text not null,                          -- the signed words
    made_at timestamptz not null default now()
);

create trigger checkpoints_only_grow before update or delete or truncate on checkpoints
    for each statement execute function refuse_change();

-- They are about all tenants together: readers of one have no right to them.
alter table checkpoints enable row level security;
