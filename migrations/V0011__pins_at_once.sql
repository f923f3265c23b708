-- `append_batch` as in V0009, which stands on streams that its commands only look at as well: a
-- stream without an event of the command must be at the version expected, and is not written.

create or replace function append_batch(
    c_tenant uuid[], c_command uuid[], c_hash bytea[], c_events int[],
    c_trace text[],
    s_command int[], s_stream uuid[], s_type text[], s_expected int[], s_events int[],
    s_offset int[],
    e_command int[], e_offset int[], e_stream uuid[], e_version int[], e_id uuid[],
    e_type text[], e_name text[], e_schema smallint[], e_correlation uuid[], e_causation uuid[],
    e_actor text[], e_occurred timestamptz[], e_recorded timestamptz[], e_payload jsonb[],
    e_leaf bytea[],
    x_command int[], x_offset int[], x_field smallint[], x_event uuid[], x_subject uuid[],
    x_generation smallint[], x_text bytea[],
    d_events uuid[], d_subjects uuid[],
    out head bigint, out outcomes int[],
    out f_command int[], out f_id uuid[], out f_value bigint[]
) language plpgsql as $$
declare
    commands_max int := cardinality(c_tenant);
    streams_max int := cardinality(s_command);
    events_max int := cardinality(e_command);
    texts_max int := cardinality(x_command);
    before bigint[] := array_fill(0::bigint, array[commands_max]);
    at bigint;
    written int;
    as_expected int := 0;
begin
    -- Taken before anything is read: each statement below sees all that was committed under it.
    if not pg_try_advisory_xact_lock(7205759403792793601) then
        perform pg_advisory_xact_lock(7205759403792793601);
    end if;
    if cardinality(d_events) = 0 and cardinality(d_subjects) = 0 then
        head := coalesce((select e.position from events e order by e.position desc limit 1), 0);
        at := head;
        for ordinal in 1..commands_max loop
            before[ordinal] := at;
            at := at + c_events[ordinal];
        end loop;

        begin
            insert into commands (tenant_id, command_id, last_position, request_hash)
            select c_tenant[c.i], c_command[c.i], before[c.i] + c_events[c.i], c_hash[c.i]
            from generate_series(1, commands_max) as c (i);

            if 0 = any (s_expected) then
                insert into streams (tenant_id, stream_id, last_position, version, stream_type)
                select c_tenant[s_command[s.i]], s_stream[s.i],
                    before[s_command[s.i]] + s_offset[s.i], s_events[s.i], s_type[s.i]
                from generate_series(1, streams_max) as s (i)
                where s_expected[s.i] = 0 and s_events[s.i] > 0;
                get diagnostics written = row_count;
                as_expected := written;
            end if;
            if 0 < any (s_expected) then
                update streams h
                set version = h.version + s_events[s.i],
                    last_position = before[s_command[s.i]] + s_offset[s.i]
                from generate_series(1, streams_max) as s (i)
                where h.tenant_id = c_tenant[s_command[s.i]] and h.stream_id = s_stream[s.i]
                    and h.version = s_expected[s.i] and h.stream_type = s_type[s.i]
                    and s_events[s.i] > 0;
                get diagnostics written = row_count;
                as_expected := as_expected + written;
            end if;
            if 0 = any (s_events) then
                select as_expected + count(*) into as_expected
                from generate_series(1, streams_max) as s (i)
                left join streams h
                    on h.tenant_id = c_tenant[s_command[s.i]] and h.stream_id = s_stream[s.i]
                where s_events[s.i] = 0 and coalesce(h.version, 0) = s_expected[s.i]
                    and coalesce(h.stream_type, s_type[s.i]) = s_type[s.i];
            end if;
            if as_expected < streams_max then
                raise unique_violation using message = 'a stream has moved on';
            end if;

            if texts_max > 0 then
                insert into sealed (tenant_id, subject_id, position, field, key_generation,
                    event_id, ciphertext)
                select c_tenant[x_command[x.i]], x_subject[x.i],
                    before[x_command[x.i]] + x_offset[x.i], x_field[x.i], x_generation[x.i],
                    x_event[x.i], x_text[x.i]
                from generate_series(1, texts_max) as x (i)
                where not exists (
                    select from subject_keys k
                    where k.tenant_id = c_tenant[x_command[x.i]] and k.subject_id = x_subject[x.i]
                        and k.destroyed_at is not null);
                get diagnostics written = row_count;
                if written < texts_max then
                    raise unique_violation using message = 'a subject was forgotten';
                end if;
            end if;

            insert into events (position, occurred_at, recorded_at, version, schema_version,
                tenant_id, stream_id, event_id, command_id, correlation_id, causation_id,
                leaf_hash, stream_type, name, actor, payload, traceparent)
            select before[e_command[e.i]] + e_offset[e.i], e_occurred[e.i], e_recorded[e.i],
                e_version[e.i], e_schema[e.i], c_tenant[e_command[e.i]], e_stream[e.i], e_id[e.i],
                c_command[e_command[e.i]], e_correlation[e.i], e_causation[e.i], e_leaf[e.i],
                e_type[e.i], e_name[e.i], e_actor[e.i], e_payload[e.i], c_trace[e_command[e.i]]
            from generate_series(1, events_max) as e (i);

            outcomes := array_fill(0, array[commands_max]);
            return;
        exception
            when unique_violation then null;
        end;
    end if;

    select it.* into head, outcomes, f_command, f_id, f_value
    from append_each(
        c_tenant, c_command, c_hash, c_events, c_trace, s_command, s_stream, s_type, s_expected,
        s_events, s_offset, e_command, e_offset, e_stream, e_version, e_id, e_type, e_name,
        e_schema, e_correlation, e_causation, e_actor, e_occurred, e_recorded, e_payload,
        e_leaf, x_command, x_offset, x_field, x_event, x_subject, x_generation, x_text,
        d_events, d_subjects
    ) as it;
end $$;
