-- Keys and indexes, made when the tables are filled.

alter table conversations add primary key (tenant_id, id);
create index on conversations (tenant_id, last_activity_at desc, id desc);
create index on conversations (tenant_id, opened_at desc, id desc);
create index on conversations (tenant_id, customer_id, last_activity_at desc);
create index on conversations (tenant_id, assignee_id, last_activity_at desc)
    where assignee_id is not null;
create index on conversations (tenant_id, team_id)
    where status in ('open', 'waiting', 'snoozed') and merged_into is null;
create index on conversations (snoozed_until, id) where status = 'snoozed';

alter table conversation_counters
    add primary key (tenant_id, team_id, status, tier, priority);

alter table queue add primary key (tenant_id, conversation_id, from_position);
create index on queue (tenant_id, rank, waiting_since, conversation_id)
    where to_position is null;
create index on queue (tenant_id, to_position);

alter table assignments add primary key (tenant_id, conversation_id, from_position);
create index on assignments (tenant_id, agent_id) where to_position is null;
create index on assignments (tenant_id, agent_id, to_position);
