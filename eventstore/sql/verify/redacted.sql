select tenant_id, payload ->> 'message'
from events
where name = 'conversation.message_redacted' and payload ->> 'message' is not null
