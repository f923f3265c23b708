copy conversations (
    tenant_id, id, customer_id, channel, status, episode, team_id, assignee_id, priority, tier,
    language, tags, fields, waiting_on, resolution, opened_at, last_activity_at,
    last_public_activity_at,
    last_customer_message_at, waiting_since, waits, queued_at, snoozed_until, resolved_at,
    subject_position, last_message_position, message_count, merged_into, version,
    updated_position
) from stdin binary
