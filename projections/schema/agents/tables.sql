-- The tables of a generation, bare; `index.sql` follows when they are filled.

create table agents (
    tenant_id        uuid not null,
    id               uuid not null,
    name_position    bigint not null,
    languages        jsonb not null,
    skills           jsonb not null,
    presence         text collate "C" not null,
    presence_since   timestamptz not null,
    capacity_units   int not null,
    active           boolean not null,
    registered_at    timestamptz not null,
    version          int not null,
    updated_position bigint not null
) with (fillfactor = 80);

create table presence (
    tenant_id     uuid not null,
    agent_id      uuid not null,
    from_position bigint not null,
    to_position   bigint,
    presence      text collate "C" not null,
    since         timestamptz not null
) with (fillfactor = 80);
