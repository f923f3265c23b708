select it.tenant_id, it.id, it.name_position, it.languages, it.skills, it.presence,
       it.presence_since, it.capacity_units, it.active, it.registered_at, it.version,
       it.updated_position
from read.agents as it
where ($1::text is null or it.presence = $1)
    and ($2::boolean is null or it.active = $2)
    and ($3::text is null or (it.skills ->> $3)::int >= $4::int)
    and ($5::text is null or it.languages ? $5)
    and ($6::uuid is null
        or exists (select from read.teams where id = $6 and members ? it.id::text))
    and (it.registered_at, it.id)
        > (case when $7::timestamptz is null then '-infinity' else $7 end, $8::uuid)
    and (it.registered_at, it.id)
        < (case when $9::timestamptz is null then 'infinity' else $9 end, $10::uuid)
order by it.registered_at, it.id
limit $11::bigint
