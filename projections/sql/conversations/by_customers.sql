-- $1 and $2: whose conversations are asked for, and by which profiles they were opened.
select profile.asked as customer_id,
    sum(theirs.live)::bigint as live,
    sum(theirs.total)::bigint as total,
    sum(theirs.reopenings)::bigint as reopenings,
    max(theirs.last_contact_at) as last_contact_at
from unnest($1::uuid[], $2::uuid[]) as profile (asked, id)
cross join lateral (
    select count(*) filter (where status in ('open', 'waiting', 'snoozed')) as live,
        count(*) as total,
        coalesce(sum(episode - 1), 0) as reopenings,
        max(last_customer_message_at) as last_contact_at
    from read.conversations
    where customer_id = profile.id and merged_into is null
) as theirs
group by profile.asked
having sum(theirs.total) > 0
