-- What all projections share. Their tables stand in schemas of their own, one a generation;
-- `read` holds the views through which they are read, and says how far each has come.

create schema read;
grant usage on schema read to allhours_reader;

create table read.checkpoints (
    projection text not null,
    generation int not null check (generation > 0),
    version int not null,                        -- of the projection's tables and fold
    state text not null check (state in ('live', 'building')),
    position bigint not null check (position >= 0),
    recorded_at timestamptz,                     -- of the event at that position
    moved_at timestamptz not null,
    primary key (projection, generation)
) with (fillfactor = 50);
create unique index checkpoints_live on read.checkpoints (projection) where state = 'live';

-- Events that a projection could not take and went on without.
create table read.dead_letters (
    projection text not null,
    generation int not null,
    position bigint not null,
    tenant_id uuid not null,
    event_id uuid not null,
    name text not null,
    why text not null,
    parked_at timestamptz not null,
    primary key (projection, generation, position)
);

-- Readers see neither progress nor dead letters of the program, but no table goes without.
alter table read.checkpoints enable row level security;
alter table read.dead_letters enable row level security;
create policy tenant on read.dead_letters for select to allhours_reader
    using (tenant_id = current_tenant());
