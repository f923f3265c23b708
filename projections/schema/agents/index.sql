-- Keys and indexes, made when the tables are filled.

alter table agents add primary key (tenant_id, id);
create index on agents (tenant_id, registered_at, id);

alter table presence add primary key (tenant_id, agent_id, from_position);
