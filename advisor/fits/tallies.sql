-- How many answers of each run are right, by question.
-- in:  answers (answers.sql); $way
-- out: run_id, question_id, n_right, n
select run_id, question_id, count(*) filter (correct) as n_right, count(*) as n
from answers
where way = $way and coalesce(finish_reason, '') not in ('error', 'unchecked')
group by run_id, question_id
order by run_id, question_id
