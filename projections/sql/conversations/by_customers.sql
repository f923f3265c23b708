select customer_id,
    count(*) filter (where status in ('open', 'waiting', 'snoozed')) as live,
    count(*) as total,
    coalesce(sum(episode - 1), 0)::bigint as reopenings,
    max(last_customer_message_at) as last_contact_at
from read.conversations
where customer_id = any($1) and merged_into is null
group by customer_id
