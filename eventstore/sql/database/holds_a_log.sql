select to_regclass('public.streams') is not null
