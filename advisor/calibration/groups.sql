-- Which (model, task, strategy) have stored answers, and from which runs.
-- out: model, task, strategy, runs (list of run ids), prompt_tokens (mean, null where not recorded)
select
    model,
    task,
    strategy,
    list(distinct run_id order by run_id) as runs,
    avg(prompt_tokens) as prompt_tokens
from samples
group by model, task, strategy
order by task, model, strategy
