-- One rebuild of a projection at a time, in all processes; held until the connection ends.
select pg_try_advisory_lock(hashtextextended('allhours.rebuild.' || $1::text, 0)) as held
