-- Which (model, task, strategy) have stored answers, and from which runs.
-- in:  $own: only where the user's workspace added something; a workspace's fits overlay those that ship
-- out: model, task, strategy, runs (list of run ids), prompt_tokens (mean, null where not recorded)
select
    model,
    task,
    strategy,
    list(distinct run_id order by run_id) as runs,
    avg(prompt_tokens) as prompt_tokens
from samples
group by model, task, strategy
having not $own or bool_or(own)
order by task, model, strategy
