-- Keys and indexes, made when the tables are filled.

alter table intakes add primary key (tenant_id, id);
create index on intakes (tenant_id, received_at desc, id desc);
create index on intakes (tenant_id, status, received_at desc, id desc);
create index on intakes (received_at, id) where status = 'parked';
