select tenant_id, customer_id, history, updated_position
from read.churn_features
where customer_id = any($1)
