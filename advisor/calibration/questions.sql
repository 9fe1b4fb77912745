-- The answers of every question of one model on one task.
-- in:  $model, $task
-- out: answers, correct, tokens: three lists of equal length a question
select
    list(answer order by run_id, sample_index) as answers,
    list(correct order by run_id, sample_index) as correct,
    list(generated_tokens order by run_id, sample_index) as tokens
from samples
where model = $model and task = $task and strategy = 'sampling'
group by question_id
order by question_id
