select it.tenant_id, it.id, it.customer_id, it.channel, it.status, it.episode, it.team_id,
       it.assignee_id, it.priority, it.tier, it.language, it.tags, it.fields, it.waiting_on,
       it.resolution, it.opened_at, it.last_activity_at,
       it.last_public_activity_at, it.last_customer_message_at,
       it.waiting_since, it.waits, it.queued_at, it.snoozed_until, it.resolved_at, it.subject_position,
       it.last_message_position, it.message_count, it.merged_into, it.version,
       it.updated_position
from unnest($1::uuid[], $2::uuid[]) as wanted(tenant_id, id)
join conversations as it on it.tenant_id = wanted.tenant_id and it.id = wanted.id
