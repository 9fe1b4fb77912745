-- The answers of every question drawn one way; failed requests and answers that were not checked are left out.
-- Answers with the same seed, question and sample_index from one engine are the same draw, whatever runs they lie in:
-- each counts once, as it was checked last. Without a seed every run has draws of its own.
-- in:  answers (answers.sql); $way, $runs: list of run ids
--      $scored: only what a judge scored, which is $reward_model, $reward, $step_delimiter (null: not recorded)
-- out: question_id; lists of equal length: answers, correct, tokens, stopped (by the length limit it was drawn under),
--      looping (since it repeated itself), scores, scored (tokens that a reward model passed for this answer),
--      prompts (tokens of the prompt);
--      budget, search_tokens, search_prompt, search_depth (null where not recorded)
with draws as (
    select *
    from answers
    where
        way = $way
        and list_contains($runs, run_id)
        and coalesce(finish_reason, '') not in ('error', 'unchecked')
        and (
            not $scored
            or (
                reward_model is not distinct from $reward_model
                and reward is not distinct from $reward
                and step_delimiter is not distinct from $step_delimiter
                and (reward_model is not null or score is not null)
            )
        )
    qualify row_number() over (
        partition by question_id, prompt_digest, sample_index, seed, if(seed is null, run_id, engine)
        order by score is null, sealed_at desc, run_id, reward_model, reward, step_delimiter
    ) = 1
)
select
    question_id,
    list(answer order by run_id, sample_index) as answers,
    list(correct order by run_id, sample_index) as correct,
    list(generated_tokens order by run_id, sample_index) as tokens,
    list(coalesce(finish_reason in ('length', 'loop'), false) order by run_id, sample_index) as stopped,
    list(coalesce(finish_reason = 'loop', false) order by run_id, sample_index) as looping,
    list(score order by run_id, sample_index) as scores,
    list(scored order by run_id, sample_index) as scored,
    list(prompt_tokens order by run_id, sample_index) as prompts,
    max(budget) as budget,
    max(search_generated_tokens) as search_tokens,
    max(search_prompt_tokens) as search_prompt,
    max(search_depth_tokens) as search_depth
from draws
group by question_id
order by question_id
