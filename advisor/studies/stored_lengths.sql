-- The lengths of all answers drawn one way.
-- in:  answers (fits/answers.sql)
-- out: way; n; lists of equal length: prompts (tokens of the prompt, null where not recorded), tokens (generated)
select
    way,
    count(*) as n,
    list(prompt_tokens order by run_id, question_id, sample_index) as prompts,
    list(generated_tokens order by run_id, question_id, sample_index) as tokens
from answers
where generated_tokens > 0 and strategy = 'sampling' and coalesce(finish_reason, '') not in ('error', 'unchecked')
group by way
order by way
