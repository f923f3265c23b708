-- A table that keeps tenants apart and that readers have no right to, where there is one. What the
-- projections share, in the schema `read`, is not for readers.
select table_of.nspname || '.' || kept.relname
from pg_class kept
join pg_namespace table_of on table_of.oid = kept.relnamespace
join pg_attribute tenant on tenant.attrelid = kept.oid and tenant.attname = 'tenant_id'
where kept.relkind = 'r' and kept.relrowsecurity and table_of.nspname <> 'read'
    and (not exists (select from pg_policy p where p.polrelid = kept.oid)
        or not coalesce(
            has_table_privilege(to_regrole($1::text)::oid, kept.oid, 'select'), false))
order by 1
limit 1
