-- Subjects of whom there are texts, and neither a key nor the word that it was destroyed.
select s.tenant_id, s.subject_id, min(s.position)
from sealed s
where not exists (
    select from subject_keys k
    where k.tenant_id = s.tenant_id and k.subject_id = s.subject_id)
group by s.tenant_id, s.subject_id
order by min(s.position)
limit $1
