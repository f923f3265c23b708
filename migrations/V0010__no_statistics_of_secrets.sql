-- Statistics hold samples of a column, and keep them when the rows are gone: keys and ciphertexts
-- that were destroyed could be read there. From now on none are made; setting the type anew, to
-- what it was, drops those that were.

alter table sealed alter column ciphertext set statistics 0;
alter table sealed alter column ciphertext type bytea;
alter table subject_keys alter column wrapped set statistics 0;
alter table subject_keys alter column wrapped type bytea;
alter table tenant_keys alter column wrapped set statistics 0;
alter table tenant_keys alter column wrapped type bytea;
