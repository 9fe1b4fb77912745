-- Runs whose answers say why they ended.
-- in:  answers (fits/answers.sql)
-- out: way, run_id
select distinct way, run_id from answers where finish_reason in ('stop', 'length', 'loop')
