-- Texts of no event, and texts that should have been deleted with their subject's key.
select s.tenant_id, s.subject_id, s.position
from sealed s
left join events e
    on e.position = s.position and e.tenant_id = s.tenant_id and e.event_id = s.event_id
left join subject_keys k on k.tenant_id = s.tenant_id and k.subject_id = s.subject_id
where e.position is null or k.destroyed_at is not null
order by s.position
limit $1
