select it.tenant_id, it.id, it.name_position, it.languages, it.skills, it.presence,
       it.presence_since, it.capacity_units, it.active, it.registered_at, it.version,
       it.updated_position
from read.agents as it
where ($1::text is null or it.presence = $1)
    and ($2::boolean is null or it.active = $2)
    and ($3::text is null or it.skills ? $3)
    and ($4::text is null or it.languages ? $4)
    and ($5::uuid is null
        or exists (select from read.teams where id = $5 and members ? it.id::text))
    and (it.registered_at, it.id)
        > (case when $6::timestamptz is null then '-infinity' else $6 end, $7::uuid)
    and (it.registered_at, it.id)
        < (case when $8::timestamptz is null then 'infinity' else $8 end, $9::uuid)
order by it.registered_at desc, it.id desc
limit $10::bigint
