-- Instants that do not rise with positions: a command is timed when it is asked for, and takes its
-- place when it is written down, perhaps after one that was timed later, or by another clock.
-- They are apart by less than a minute.

alter function position_at(timestamptz) rename to position_about;

comment on function position_about(timestamptz) is
    'A position with an event of this instant or before, and one of a later instant after it.';

-- The last position with an event that was written down at `instant` or before; 0 where there is
-- none. Nothing after it is of that instant or before.
create function position_at(instant timestamptz) returns bigint language plpgsql stable as $$
declare
    low bigint := position_about(instant - interval '1 minute');
    high bigint := position_about(instant + interval '1 minute');
begin
    return coalesce(
        (select e.position from events e
            where e.position > low and e.position <= high and e.recorded_at <= instant
            order by e.position desc limit 1),
        low);
end $$;
