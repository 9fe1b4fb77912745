-- Which (model, task) pairs have stored answers of plain sampling, and from which runs.
-- out: model, task, runs (run ids joined by spaces), prompt_tokens (mean, null where not recorded)
select
    model,
    task,
    string_agg(distinct run_id, ' ' order by run_id) as runs,
    avg(prompt_tokens) as prompt_tokens
from samples
where strategy = 'sampling'
group by model, task
order by task, model
