select pg_advisory_xact_lock(hashtextextended('allhours.projections', 0))
