select tenant_id, conversation_id, customer_id
from churn_owners
