-- The tables of a generation, bare; `index.sql` follows when they are filled.

create table conversations (
    tenant_id                uuid not null,
    id                       uuid not null,
    customer_id              uuid not null,
    channel                  text collate "C" not null,
    status                   text collate "C" not null,
    episode                  int not null,
    team_id                  uuid,
    assignee_id              uuid,
    priority                 text collate "C" not null,
    tier                     text collate "C" not null,
    language                 text collate "C",
    tags                     jsonb not null,
    fields                   jsonb not null,
    waiting_on               text collate "C",
    resolution               text collate "C",
    opened_at                timestamptz not null,
    last_activity_at         timestamptz not null,
    last_public_activity_at  timestamptz not null,
    last_customer_message_at timestamptz,
    waiting_since            timestamptz,
    waits                    jsonb not null,
    queued_at                timestamptz,
    snoozed_until            timestamptz,
    resolved_at              timestamptz,
    subject_position         bigint,
    last_message_position    bigint,
    message_count            int not null,
    merged_into              uuid,
    version                  int not null,
    updated_position         bigint not null
) with (fillfactor = 80);

create table conversation_counters (
    tenant_id     uuid not null,
    team_id       uuid not null,
    status        text collate "C" not null,
    tier          text collate "C" not null,
    priority      text collate "C" not null,
    conversations bigint not null
) with (fillfactor = 80);

create table queue (
    tenant_id       uuid not null,
    conversation_id uuid not null,
    from_position   bigint not null,
    to_position     bigint,
    team_id         uuid,
    tier            text collate "C" not null,
    priority        text collate "C" not null,
    rank            int not null,
    waiting_since   timestamptz not null
) with (fillfactor = 80);

create table assignments (
    tenant_id       uuid not null,
    conversation_id uuid not null,
    from_position   bigint not null,
    to_position     bigint,
    agent_id        uuid not null,
    status          text collate "C" not null
) with (fillfactor = 80);
