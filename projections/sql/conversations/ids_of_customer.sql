select id
from read.conversations
where customer_id = $1
order by id
