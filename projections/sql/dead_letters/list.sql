select letters.projection, letters.generation, letters.position, letters.tenant_id,
       letters.event_id, letters.name, letters.why, letters.parked_at
from read.dead_letters as letters
join read.checkpoints as live
    on live.projection = letters.projection and live.generation = letters.generation
where live.state = 'live'
    and ($1::text is null or letters.projection = $1)
    and (letters.position, letters.projection) > ($2, $3)
order by letters.position, letters.projection
limit $4::bigint
