select tenant_id, customer_id, merged_into, history, updated_position
from churn_features
