copy churn_features (
    tenant_id, customer_id, merged_into, history, updated_position
) from stdin binary
