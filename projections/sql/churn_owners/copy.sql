copy churn_owners (
    tenant_id, conversation_id, customer_id
) from stdin binary
