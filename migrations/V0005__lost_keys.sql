-- As before; and a subject's key that is lost, while texts sealed by it are there, is never replaced:
-- the key may come back from a backup, and then opens what it sealed.
create or replace function keep_subject_key(
    p_tenant uuid, p_subject uuid, p_tenant_generation smallint, p_wrapped bytea
) returns subject_keys language plpgsql as $$
declare
    kept subject_keys;
begin
    insert into subject_keys (tenant_id, subject_id, generation, tenant_generation, wrapped)
    select p_tenant, p_subject, 1, p_tenant_generation, p_wrapped
    where not exists (
        select from sealed x where x.tenant_id = p_tenant and x.subject_id = p_subject)
    on conflict (tenant_id, subject_id) do nothing;
    select k.* into strict kept
    from subject_keys k where k.tenant_id = p_tenant and k.subject_id = p_subject;
    return kept;
end $$;
