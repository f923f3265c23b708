-- The tables of a generation, bare; `index.sql` follows when they are filled.

create table churn_features (
    tenant_id        uuid not null,
    customer_id      uuid not null,
    merged_into      uuid,
    history          jsonb not null,
    updated_position bigint not null
) with (fillfactor = 80);

create table churn_owners (
    tenant_id       uuid not null,
    conversation_id uuid not null,
    customer_id     uuid not null
) with (fillfactor = 80);
