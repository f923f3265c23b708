-- Keys and indexes, made when the tables are filled.

alter table churn_features add primary key (tenant_id, customer_id);
create index on churn_features (tenant_id, merged_into) where merged_into is not null;

alter table churn_owners add primary key (tenant_id, conversation_id);
