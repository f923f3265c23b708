update tenant_keys
set wrapped = $4
where tenant_id = $1 and generation = $2 and wrapped = $3
