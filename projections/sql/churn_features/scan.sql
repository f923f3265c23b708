select tenant_id, customer_id, history, updated_position
from churn_features
