-- Only keys that still are as they were read: one forgotten meanwhile stays forgotten.
update subject_keys k
set tenant_generation = $2, wrapped = n.wrapped
from unnest($3::uuid[], $4::bytea[], $5::bytea[]) as n (subject_id, old, wrapped)
where k.tenant_id = $1 and k.subject_id = n.subject_id and k.wrapped = n.old
