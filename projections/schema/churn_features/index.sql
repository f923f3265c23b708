-- Keys and indexes, made when the tables are filled.

alter table churn_features add primary key (tenant_id, customer_id);

alter table churn_owners add primary key (tenant_id, conversation_id);
