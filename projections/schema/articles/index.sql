-- Keys and indexes, made when the tables are filled.

alter table articles add primary key (tenant_id, id, locale);
create index on articles (tenant_id, updated_at desc, id desc, locale desc);
