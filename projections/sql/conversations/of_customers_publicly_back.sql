-- For customers: in the order of what they can see. $1 and $2: whose conversations are asked for,
-- and by which profiles they were opened.
select owner.id as asked_id,
    it.tenant_id, it.id, it.customer_id, it.channel, it.status, it.episode, it.team_id,
    it.assignee_id, it.priority, it.tier, it.language, it.tags, it.fields, it.waiting_on,
    it.resolution, it.opened_at, it.last_activity_at,
    it.last_public_activity_at, it.last_customer_message_at,
    it.waiting_since, it.waits, it.queued_at, it.snoozed_until, it.resolved_at, it.subject_position,
    it.last_message_position, it.message_count, it.merged_into, it.version,
    it.updated_position
from (select distinct asked as id from unnest($1::uuid[]) as it (asked)) as owner
cross join lateral (
    select theirs.*
    from unnest($1::uuid[], $2::uuid[]) as profile (asked, id)
    cross join lateral (
        select tenant_id, id, customer_id, channel, status, episode, team_id, assignee_id, priority,
            tier, language, tags, fields, waiting_on, resolution, opened_at, last_activity_at,
            last_public_activity_at,
            last_customer_message_at, waiting_since, waits, queued_at, snoozed_until, resolved_at,
            subject_position, last_message_position, message_count, merged_into, version,
            updated_position
        from read.conversations
        where customer_id = profile.id and merged_into is null
            and (last_public_activity_at, id)
                < (case when $3::timestamptz is null then 'infinity' else $3 end, $4::uuid)
            and (last_public_activity_at, id)
                > (case when $5::timestamptz is null then '-infinity' else $5 end, $6::uuid)
        order by last_public_activity_at, id
        limit $7::bigint
    ) as theirs
    where profile.asked = owner.id
    order by last_public_activity_at, id
    limit $7::bigint
) as it
order by owner.id, it.last_public_activity_at, it.id
