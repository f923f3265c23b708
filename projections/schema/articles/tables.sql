-- The tables of a generation, bare; `index.sql` follows when they are filled.

create table articles (
    tenant_id          uuid not null,
    id                 uuid not null,
    locale             text collate "C" not null,
    draft_state        text collate "C" not null,
    title              text collate "C" not null,
    draft_position     bigint not null,
    author_id          uuid not null,
    published_version  int,
    published_title    text collate "C",
    published_position bigint,
    published_at       timestamptz,
    retired            boolean not null,
    citations          int not null,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    version            int not null,
    updated_position   bigint not null
) with (fillfactor = 80);
