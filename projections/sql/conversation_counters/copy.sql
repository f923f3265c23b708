copy conversation_counters (
    tenant_id, team_id, status, tier, priority, conversations
) from stdin binary
