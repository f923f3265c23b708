-- The W3C `traceparent` of the request that caused an event, where it had one.

alter table events add column traceparent text collate "C";

-- As in V0001, with the trace of each command. That one stays, for processes of the version before
-- which still append while others are renewed.
create function append_batch(
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
    problem record;
    commands_max int := cardinality(c_tenant);
    streams_max int := cardinality(s_command);
    events_max int := cardinality(e_command);
    texts_max int := cardinality(x_command);
    before bigint[];
    at bigint;
begin
    -- Taken before anything is read: each statement below sees all that was committed under it.
    if not pg_try_advisory_xact_lock(7205759403792793601) then
        perform pg_advisory_xact_lock(7205759403792793601);
    end if;
    outcomes := array_fill(0, array[commands_max]);
    before := array_fill(0::bigint, array[commands_max]);
    head := coalesce((select e.position from events e order by e.position desc limit 1), 0);

    for problem in
        select c.i as command, k.command_id as id, k.last_position as value,
            case when k.request_hash = c_hash[c.i] then 1 else 2 end as outcome
        from generate_series(1, commands_max) as c (i)
        join commands k on k.tenant_id = c_tenant[c.i] and k.command_id = c_command[c.i]
        union all
        select s_command[s.i], s_stream[s.i], coalesce(h.version, 0)::bigint,
            case when h.stream_type <> s_type[s.i] then 5 else 3 end
        from generate_series(1, streams_max) as s (i)
        left join streams h
            on h.tenant_id = c_tenant[s_command[s.i]] and h.stream_id = s_stream[s.i]
        where coalesce(h.version, 0) <> s_expected[s.i] or h.stream_type <> s_type[s.i]
    loop
        if outcomes[problem.command] = 0 then
            outcomes[problem.command] := problem.outcome;
            f_command := f_command || problem.command;
            f_id := f_id || problem.id;
            f_value := f_value || problem.value;
        end if;
    end loop;

    if texts_max > 0 then
        for problem in
            select x_command[x.i] as command, k.subject_id as id
            from generate_series(1, texts_max) as x (i)
            join subject_keys k
                on k.tenant_id = c_tenant[x_command[x.i]] and k.subject_id = x_subject[x.i]
            where k.destroyed_at is not null
        loop
            if outcomes[problem.command] = 0 then
                outcomes[problem.command] := 4;
                f_command := f_command || problem.command;
                f_id := f_id || problem.id;
                f_value := f_value || 0::bigint;
            end if;
        end loop;
    end if;

    at := head;
    for ordinal in 1..commands_max loop
        if outcomes[ordinal] = 0 then
            before[ordinal] := at;
            at := at + c_events[ordinal];
        end if;
    end loop;
    if not 0 = any (outcomes) then
        return;
    end if;

    insert into commands (tenant_id, command_id, last_position, request_hash)
    select c_tenant[c.i], c_command[c.i], before[c.i] + c_events[c.i], c_hash[c.i]
    from generate_series(1, commands_max) as c (i)
    where outcomes[c.i] = 0;

    if at > head then
        insert into events (position, occurred_at, recorded_at, version, schema_version,
            tenant_id, stream_id, event_id, command_id, correlation_id, causation_id, leaf_hash,
            stream_type, name, actor, payload, traceparent)
        select before[e_command[e.i]] + e_offset[e.i], e_occurred[e.i], e_recorded[e.i],
            e_version[e.i], e_schema[e.i], c_tenant[e_command[e.i]], e_stream[e.i], e_id[e.i],
            c_command[e_command[e.i]], e_correlation[e.i], e_causation[e.i], e_leaf[e.i],
            e_type[e.i], e_name[e.i], e_actor[e.i], e_payload[e.i], c_trace[e_command[e.i]]
        from generate_series(1, events_max) as e (i)
        where outcomes[e_command[e.i]] = 0;
    end if;

    if 0 = any (s_expected) then
        insert into streams (tenant_id, stream_id, last_position, version, stream_type)
        select c_tenant[s_command[s.i]], s_stream[s.i], before[s_command[s.i]] + s_offset[s.i],
            s_events[s.i], s_type[s.i]
        from generate_series(1, streams_max) as s (i)
        where outcomes[s_command[s.i]] = 0 and s_expected[s.i] = 0 and s_events[s.i] > 0;
    end if;
    if 0 < any (s_expected) then
        update streams h
        set version = s_expected[s.i] + s_events[s.i],
            last_position = before[s_command[s.i]] + s_offset[s.i]
        from generate_series(1, streams_max) as s (i)
        where outcomes[s_command[s.i]] = 0 and s_expected[s.i] > 0 and s_events[s.i] > 0
            and h.tenant_id = c_tenant[s_command[s.i]] and h.stream_id = s_stream[s.i];
    end if;

    if texts_max > 0 then
        insert into sealed (tenant_id, subject_id, position, field, key_generation, event_id,
            ciphertext)
        select c_tenant[x_command[x.i]], x_subject[x.i],
            before[x_command[x.i]] + x_offset[x.i], x_field[x.i], x_generation[x.i],
            x_event[x.i], x_text[x.i]
        from generate_series(1, texts_max) as x (i)
        where outcomes[x_command[x.i]] = 0;
    end if;

    if cardinality(d_events) > 0 then
        delete from sealed x
        using events e
        where e.event_id = any (d_events) and e.tenant_id = c_tenant[1]
            and x.tenant_id = e.tenant_id and x.position = e.position
            and x.subject_id in (
                select (it.personal ->> '$subject')::uuid
                from jsonb_path_query(e.payload, '$.** ? (exists (@."$subject"))')
                    as it (personal));
    end if;
    if cardinality(d_subjects) > 0 then
        delete from sealed x
        where x.tenant_id = c_tenant[1] and x.subject_id = any (d_subjects);
        insert into subject_keys as k (tenant_id, subject_id, generation, destroyed_at)
        select c_tenant[1], it.subject_id, 1, now()
        from unnest(d_subjects) as it (subject_id)
        on conflict (tenant_id, subject_id) do update
            set wrapped = null, tenant_generation = null,
                destroyed_at = coalesce(k.destroyed_at, now());
    end if;
end $$;
