select count(*) from sealed where tenant_id = $1 and subject_id = any ($2)
