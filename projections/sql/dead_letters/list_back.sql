select letters.projection, letters.generation, letters.position, letters.tenant_id,
       letters.event_id, letters.name, letters.why, letters.parked_at
from read.dead_letters as letters
join read.checkpoints as live
    on live.projection = letters.projection and live.generation = letters.generation
where live.state = 'live'
    and ($1::text is null or letters.projection = $1)
    and ($2::uuid is null or letters.tenant_id = $2)
    and ($3::bigint is null or (letters.position, letters.projection) > ($3, $4::text))
    and ($5::bigint is null or (letters.position, letters.projection) < ($5, $6::text))
order by letters.position desc, letters.projection desc
limit $7::bigint
