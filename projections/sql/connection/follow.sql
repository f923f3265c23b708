-- Rows and checkpoint are committed together: what a crash of the server takes back is folded
-- again from the log, so that nothing has to wait for its disk. Rows are looked up by their keys,
-- also by plans that were made while the tables were small.
select
    set_config('synchronous_commit', 'off', false),
    set_config('enable_seqscan', 'off', false),
    set_config('enable_hashjoin', 'off', false),
    set_config('enable_mergejoin', 'off', false),
    set_config('plan_cache_mode', 'force_generic_plan', false)
