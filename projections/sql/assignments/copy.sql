copy assignments (
    tenant_id, conversation_id, from_position, to_position, agent_id, status
) from stdin binary
