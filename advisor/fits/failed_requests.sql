-- Answers that are taken for failed requests (answers.sql), by run.
-- in:  answers
-- out: way, run_id, model, task, own, n
select
    way,
    run_id,
    model,
    task,
    own,
    count(*) as n
from answers
where failed
group by all
order by task, model, way, run_id, own
