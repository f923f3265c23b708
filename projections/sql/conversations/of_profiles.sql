select customer_id, id
from read.conversations
where customer_id = any($1)
order by customer_id, id
