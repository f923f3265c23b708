select tenant_id, customer_id, merged_into, history, updated_position
from read.churn_features
where customer_id = any($1)
