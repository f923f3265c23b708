delete from tenant_keys t
where t.tenant_id = $1 and t.generation > 0 and t.generation < $2
    and not exists (
        select from subject_keys k
        where k.tenant_id = t.tenant_id and k.tenant_generation = t.generation)
