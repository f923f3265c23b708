-- The tables of a generation, bare; `index.sql` follows when they are filled.

create table customers (
    tenant_id        uuid not null,
    id               uuid not null,
    tier             text collate "C" not null,
    language         text collate "C",
    name_position    bigint,
    consents         jsonb not null,
    identities       jsonb not null,
    merged_into      uuid,
    erased           boolean not null,
    identified_at    timestamptz not null,
    version          int not null,
    updated_position bigint not null
) with (fillfactor = 80);
