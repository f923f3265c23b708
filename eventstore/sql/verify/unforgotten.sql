-- Of texts that are gone, those whose subject was not forgotten, by their number in what is asked:
-- what the text was of (a message; a subject line, by its stream; a field of a stream; a delivery to
-- a conversation), and whether it is a delivery that was settled later in a way that deletes it: it
-- waited for a person and was taken in, or it was discarded.
select w.number, e.name, e.stream_id, coalesce(p.message, m.message), e.payload ->> 'field',
    p.conversation,
    coalesce(p.was_parked, false) or exists (
        select from events discarded
        where e.name = 'intake.received' and discarded.name = 'intake.discarded'
            and discarded.tenant_id = e.tenant_id and discarded.stream_id = e.stream_id
            and discarded.version > e.version
    )
from unnest($1::uuid[], $2::uuid[], $3::bigint[]) with ordinality
    as w (tenant_id, subject_id, position, number)
join events e on e.position = w.position
left join lateral (
    select e.payload ->> 'message' as message
    where e.name in ('conversation.customer_message_received', 'conversation.agent_replied',
        'conversation.note_added')
) m on true
left join lateral (
    select later.payload ->> 'message' as message,
        later.payload ->> 'conversation' as conversation, exists (
        select from events parked
        where parked.tenant_id = e.tenant_id and parked.stream_id = e.stream_id
            and parked.version between e.version + 1 and later.version - 1
            and parked.name = 'intake.parked'
    ) as was_parked
    from events later
    where e.name = 'intake.received' and later.name = 'intake.parsed'
        and later.tenant_id = e.tenant_id and later.stream_id = e.stream_id
        and later.version > e.version
    order by later.version
    limit 1
) p on true
where not exists (
    select from subject_keys k
    where k.tenant_id = w.tenant_id and k.subject_id = w.subject_id
        and k.destroyed_at is not null)
order by w.number
