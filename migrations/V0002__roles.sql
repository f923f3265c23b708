-- Who may read what. Requests of tenants are read as the role allhours_reader, which sees
-- only the rows of the tenant that its connection was handed out for.
--
-- Roles belong to the whole server, not to one database: several databases on one server share
-- this one, and two of them may be migrated at the same moment.

do $$
declare
    membership text :=
        case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end;
begin
    if not exists (select from pg_roles where rolname = 'allhours_reader') then
        begin
            create role allhours_reader nologin;
        exception
            when duplicate_object or unique_violation then null;
        end;
    end if;
    if not pg_has_role(current_user, 'allhours_reader', membership) then
        execute format('grant allhours_reader to %I', current_user);
    end if;
exception
    when insufficient_privilege then
        raise exception 'the user % may not create or be granted the role allhours_reader',
            current_user using errcode = 'insufficient_privilege';
end
$$;

-- The tenant that the connection reads for; null where none was set, and null equals no tenant.
create function current_tenant() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('allhours.tenant', true), '')::uuid;

grant usage on schema public to allhours_reader;

-- Of the log, readers see the events and heads of their tenant. Ciphertexts, keys and the answers
-- to commands are for the log alone.
alter table events enable row level security;
create policy own_tenant on events for select to allhours_reader
    using (tenant_id = current_tenant());
alter table streams enable row level security;
create policy own_tenant on streams for select to allhours_reader
    using (tenant_id = current_tenant());
grant select on events, streams to allhours_reader;
