-- Keys and indexes, made when the tables are filled.

alter table customers add primary key (tenant_id, id);
create index on customers (tenant_id, identified_at desc, id desc);
create index on customers (tenant_id, merged_into) where merged_into is not null;
create index on customers (tenant_id, id) where erased;
