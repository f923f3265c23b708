insert into conversations as it (
    tenant_id, id, customer_id, channel, status, episode, team_id, assignee_id, priority, tier,
    language, tags, fields, waiting_on, resolution, opened_at, last_activity_at,
    last_public_activity_at,
    last_customer_message_at, waiting_since, waits, queued_at, snoozed_until, resolved_at,
    subject_position, last_message_position, message_count, merged_into, version,
    updated_position
)
select
    tenant_id, id, customer_id, channel, status, episode, team_id, assignee_id, priority, tier,
    language, tags, fields, waiting_on, resolution, opened_at, last_activity_at,
    last_public_activity_at,
    last_customer_message_at, waiting_since, waits, queued_at, snoozed_until, resolved_at,
    subject_position, last_message_position, message_count, merged_into, version,
    updated_position
from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::uuid[], $8::uuid[],
    $9::text[], $10::text[], $11::text[], $12::jsonb[], $13::jsonb[], $14::text[], $15::text[],
    $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::timestamptz[],
    $20::timestamptz[], $21::jsonb[], $22::timestamptz[], $23::timestamptz[], $24::timestamptz[],
    $25::bigint[], $26::bigint[], $27::int[], $28::uuid[], $29::int[], $30::bigint[]
) as new(
    tenant_id, id, customer_id, channel, status, episode, team_id, assignee_id, priority, tier,
    language, tags, fields, waiting_on, resolution, opened_at, last_activity_at,
    last_public_activity_at,
    last_customer_message_at, waiting_since, waits, queued_at, snoozed_until, resolved_at,
    subject_position, last_message_position, message_count, merged_into, version,
    updated_position
)
on conflict (tenant_id, id) do update set
    customer_id = excluded.customer_id, channel = excluded.channel, status = excluded.status,
    episode = excluded.episode, team_id = excluded.team_id, assignee_id = excluded.assignee_id,
    priority = excluded.priority, tier = excluded.tier, language = excluded.language,
    tags = excluded.tags, fields = excluded.fields, waiting_on = excluded.waiting_on,
    resolution = excluded.resolution, opened_at = excluded.opened_at,
    last_activity_at = excluded.last_activity_at,
    last_public_activity_at = excluded.last_public_activity_at,
    last_customer_message_at = excluded.last_customer_message_at,
    waiting_since = excluded.waiting_since, waits = excluded.waits, queued_at = excluded.queued_at,
    snoozed_until = excluded.snoozed_until, resolved_at = excluded.resolved_at,
    subject_position = excluded.subject_position,
    last_message_position = excluded.last_message_position,
    message_count = excluded.message_count, merged_into = excluded.merged_into,
    version = excluded.version, updated_position = excluded.updated_position
