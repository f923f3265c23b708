-- What was redacted: of a message, a subject line with what was delivered to conversations, a field.
select tenant_id, position, name, stream_id, payload ->> 'message', payload ->> 'field',
    array(select it #>> '{}' from jsonb_path_query(payload, '$.deliveries_to[*]') as it)
from events
where name in ('conversation.message_redacted', 'conversation.subject_redacted',
    'conversation.field_redacted')
