-- The answers of every question of one model on one task, drawn one way; failed requests and answers that
-- were not checked are left out.
-- in:  $model, $task, $strategy; $runs: list of run ids
-- out: question_id; lists of equal length: answers, correct, tokens, stopped (by the length limit it was drawn under),
--      scores, reward_models, scored (tokens that a reward model passed for this answer);
--      budget, search_tokens, search_depth (null where not recorded)
select
    question_id,
    list(answer order by run_id, sample_index) as answers,
    list(correct order by run_id, sample_index) as correct,
    list(generated_tokens order by run_id, sample_index) as tokens,
    list(coalesce(finish_reason in ('length', 'loop'), false) order by run_id, sample_index) as stopped,
    list(score order by run_id, sample_index) as scores,
    list(reward_model order by run_id, sample_index) as reward_models,
    list(scored order by run_id, sample_index) as scored,
    max(budget) as budget,
    max(search_generated_tokens) as search_tokens,
    max(search_depth_tokens) as search_depth
from (
    select *, search_scored_tokens / count(*) over (partition by run_id, model, task, strategy, question_id) as scored
    from samples
)
where
    model = $model
    and task = $task
    and strategy = $strategy
    and list_contains($runs, run_id)
    and coalesce(finish_reason, '') not in ('error', 'unchecked')
group by question_id
order by question_id
