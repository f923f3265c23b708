select s.position, s.field, s.key_generation, s.ciphertext
from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::smallint[])
    as w (tenant_id, subject_id, position, field)
join sealed s
    on s.tenant_id = w.tenant_id and s.subject_id = w.subject_id
    and s.position = w.position and s.field = w.field
