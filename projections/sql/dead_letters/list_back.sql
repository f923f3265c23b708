select letters.projection, letters.generation, letters.position, letters.tenant_id,
       letters.event_id, letters.name, letters.why, letters.parked_at
from read.dead_letters as letters
join read.checkpoints as live
    on live.projection = letters.projection and live.generation = letters.generation
where live.state = 'live'
    and ($1::text is null or letters.projection = $1)
    and ($2::uuid is null or letters.tenant_id = $2)
    and (letters.position, letters.projection)
        > (case when $3::bigint is null then 0 else $3 end, $4::text)
    and (letters.position, letters.projection)
        < (case when $5::bigint is null then 9223372036854775807 else $5 end, $6::text)
order by letters.position desc, letters.projection desc
limit $7::bigint
