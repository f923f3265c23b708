copy churn_features (
    tenant_id, customer_id, history, updated_position
) from stdin binary
