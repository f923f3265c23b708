-- The tables of a generation, bare; `index.sql` follows when they are filled.

create table teams (
    tenant_id        uuid not null,
    id               uuid not null,
    name             text collate "C" not null,
    members          jsonb not null,
    retired          boolean not null,
    created_at       timestamptz not null,
    version          int not null,
    updated_position bigint not null
) with (fillfactor = 80);
