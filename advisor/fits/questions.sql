-- The answers of every question drawn one way; failed requests and answers that were not checked are left out.
-- Answers with the same seed, question and sample_index from one engine are the same draw, whatever runs they lie in:
-- each counts once, as it was checked last. Without a seed every run has draws of its own.
-- in:  answers (answers.sql); $way, $runs: list of run ids
--      $scored: only what a judge scored, which is $reward_model, $reward, $step_delimiter (null: not recorded)
-- out: a row for each answer, those of a question one after another: question_id, answer, correct, tokens, stopped (by
--      the length limit it was drawn under), looping (since it repeated itself), score, scored (tokens that a reward
--      model passed for this answer), prompt (tokens of the prompt), and of the whole search of the question budget,
--      search_tokens, search_prompt, search_depth (null where not recorded)
with draws as (
    select *
    from answers
    where
        way = $way
        and run_id in (select unnest($runs))
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
    answer,
    correct,
    generated_tokens as tokens,
    coalesce(finish_reason in ('length', 'loop'), false) as stopped,
    coalesce(finish_reason = 'loop', false) as looping,
    score,
    scored,
    prompt_tokens as prompt,
    budget,
    search_generated_tokens as search_tokens,
    search_prompt_tokens as search_prompt,
    search_depth_tokens as search_depth
from draws
order by question_id, run_id, sample_index, reward_model, reward, step_delimiter
