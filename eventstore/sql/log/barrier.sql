-- Writes something that changes nothing: its commit waits for all that was committed before it.
select pg_logical_emit_message(true, 'allhours', '')
