-- The log. Rows are only ever added; what may be deleted stands in `sealed` alone.

create table events (
    position bigint primary key,                 -- gapless from 1, in commit order
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    version int not null check (version > 0),
    schema_version smallint not null check (schema_version > 0),
    tenant_id uuid not null,
    stream_id uuid not null,
    event_id uuid not null,
    command_id uuid not null,
    correlation_id uuid not null,
    causation_id uuid,
    leaf_hash bytea not null check (length(leaf_hash) = 32),
    stream_type text collate "C" not null,
    name text collate "C" not null,
    actor text collate "C" not null,
    payload jsonb not null,                      -- personal texts as hashes of their ciphertexts
    constraint events_stream_version unique (tenant_id, stream_id, version),
    constraint events_event_id unique (event_id)
);

-- All that followed from one cause. Ids rise with time, so that block ranges find them, and
-- an append hardly pays for it.
create index events_correlation on events
    using brin (correlation_id uuid_minmax_multi_ops) with (pages_per_range = 32);

-- Heads: what an append compares with. Room is left in each page for updates in place.
create table streams (
    tenant_id uuid not null,
    stream_id uuid not null,
    last_position bigint not null,
    version int not null,
    stream_type text collate "C" not null,
    primary key (tenant_id, stream_id)
) with (fillfactor = 80);

-- Commands that were answered: the same id again has no further effect.
create table commands (
    tenant_id uuid not null,
    command_id uuid not null,
    last_position bigint not null,               -- the answer
    request_hash bytea not null check (length(request_hash) = 32),
    primary key (tenant_id, command_id)
);

-- Ciphertexts of personal texts; `field` counts those of one event, in canonical order.
-- The key finds the texts of a page of events, and all texts about a subject.
create table sealed (
    tenant_id uuid not null,
    subject_id uuid not null,
    position bigint not null,
    field smallint not null,
    key_generation smallint not null,
    event_id uuid not null,
    ciphertext bytea not null,
    primary key (tenant_id, subject_id, position, field)
);
alter table sealed alter column ciphertext set storage external;  -- does not compress

-- Keys of a tenant, wrapped by the master key. Generation 0 is the key of blind indexes and
-- stays for ever; those from 1 wrap subject keys.
create table tenant_keys (
    tenant_id uuid not null,
    generation smallint not null check (generation >= 0),
    wrapped bytea not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, generation)
);

-- Keys of data subjects, wrapped by a generation of the tenant's key; forgotten: no key left.
create table subject_keys (
    tenant_id uuid not null,
    subject_id uuid not null,
    generation smallint not null,
    tenant_generation smallint check (tenant_generation > 0),
    wrapped bytea,
    created_at timestamptz not null default now(),
    destroyed_at timestamptz,
    primary key (tenant_id, subject_id),
    foreign key (tenant_id, tenant_generation) references tenant_keys (tenant_id, generation),
    check ((wrapped is null) = (destroyed_at is not null)),
    check ((wrapped is null) = (tenant_generation is null))
);
create index subject_keys_tenant_generation on subject_keys (tenant_id, tenant_generation);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% on %: the log only grows', tg_op, tg_table_name
        using errcode = 'integrity_constraint_violation';
end $$;

create trigger events_only_grow before update or delete or truncate on events
    for each statement execute function refuse_change();
create trigger streams_only_grow before delete or truncate on streams
    for each statement execute function refuse_change();
create trigger commands_only_grow before update or delete or truncate on commands
    for each statement execute function refuse_change();

-- Appends a batch of commands, each all or nothing; no stream and no command id twice in it.
--
-- Arrays: c_ has one element a command, s_ one a stream of a command, e_ one an event, x_ one a
-- sealed text; `*_command` is the ordinal of the command, `*_offset` that of the event in its
-- command, both from 1. d_events and d_subjects: texts to shred and subjects to forget; a
-- command with any of them is alone in its batch.
--
-- `outcomes` has one element a command: 0 appended, 1 repeated, 2 id used for something else,
-- 3 a stream has moved on, 4 a subject was erased, 5 the stream id is of another type.
-- `head` is the position before this batch. The arrays f_ tell about commands with another
-- outcome than 0: the answer's position for 1, stream and version for 3, the subject for 4.
create function append_batch(
    c_tenant uuid[], c_command uuid[], c_hash bytea[], c_events int[],
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
            stream_type, name, actor, payload)
        select before[e_command[e.i]] + e_offset[e.i], e_occurred[e.i], e_recorded[e.i],
            e_version[e.i], e_schema[e.i], c_tenant[e_command[e.i]], e_stream[e.i], e_id[e.i],
            c_command[e_command[e.i]], e_correlation[e.i], e_causation[e.i], e_leaf[e.i],
            e_type[e.i], e_name[e.i], e_actor[e.i], e_payload[e.i]
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

-- Keeps a new subject's key, unless one stands there already or the subject was forgotten;
-- answers with what stands. Committed before anything is sealed by it.
create function keep_subject_key(
    p_tenant uuid, p_subject uuid, p_tenant_generation smallint, p_wrapped bytea
) returns subject_keys language plpgsql as $$
declare
    kept subject_keys;
begin
    insert into subject_keys (tenant_id, subject_id, generation, tenant_generation, wrapped)
    values (p_tenant, p_subject, 1, p_tenant_generation, p_wrapped)
    on conflict (tenant_id, subject_id) do nothing;
    select k.* into strict kept
    from subject_keys k where k.tenant_id = p_tenant and k.subject_id = p_subject;
    return kept;
end $$;

-- The last event that was written down at `instant` or before; 0 where there is none.
-- Halves the log again and again, since positions are gapless and their instants rise.
create function position_at(instant timestamptz) returns bigint language plpgsql stable as $$
declare
    low bigint := 0;
    high bigint := coalesce((select e.position from events e order by e.position desc limit 1), 0);
    middle bigint;
begin
    while low < high loop
        middle := (low + high + 1) / 2;
        if (select e.recorded_at <= instant from events e where e.position = middle) then
            low := middle;
        else
            high := middle - 1;
        end if;
    end loop;
    return low;
end $$;
