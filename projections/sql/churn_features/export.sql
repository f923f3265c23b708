select tenant_id, customer_id, history, updated_position
from read.churn_features
where $1::uuid is null or customer_id > $1
order by customer_id
limit $2::bigint
