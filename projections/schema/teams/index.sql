-- Keys and indexes, made when the tables are filled.

alter table teams add primary key (tenant_id, id);
create index on teams (tenant_id, created_at, id);
