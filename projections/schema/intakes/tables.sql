-- The tables of a generation, bare; `index.sql` follows when they are filled.

create table intakes (
    tenant_id          uuid not null,
    id                 uuid not null,
    channel            text collate "C" not null,
    account            text collate "C" not null,
    status             text collate "C" not null,
    why_parked         text collate "C",
    deliveries         int not null,
    received_at        timestamptz not null,
    updated_at         timestamptz not null,
    customer_id        uuid,
    conversation_id    uuid,
    message_id         uuid,
    received_position  bigint not null,
    discarded_position bigint,
    version            int not null,
    updated_position   bigint not null
) with (fillfactor = 80);
