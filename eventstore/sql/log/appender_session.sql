-- The plans of `append_batch` are made once and kept, often before the tables have any rows:
-- lookups by key are right then and later.
select
    set_config('enable_seqscan', 'off', false),
    set_config('enable_bitmapscan', 'off', false),
    set_config('enable_hashjoin', 'off', false),
    set_config('enable_mergejoin', 'off', false),
    set_config('enable_material', 'off', false),
    set_config('jit', 'off', false),
    set_config('plan_cache_mode', 'force_generic_plan', false),
    set_config('synchronous_commit', $1, false),
    set_config('lock_timeout', $2, false)
