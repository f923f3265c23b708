select tenant_id, customer_id, merged_into, history, updated_position
from read.churn_features
where tenant_id = $1
order by customer_id
