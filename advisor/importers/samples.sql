-- Samples in our own columns, from JSONL or Parquet; absent optional columns are null.
-- in:  source: the file as read; out: the columns of samples
select
    model::varchar as model,
    lower(task::varchar) as task,
    question_id::varchar as question_id,
    sample_index::bigint as sample_index,
    answer::varchar as answer,
    correct::boolean as correct,
    generated_tokens::bigint as generated_tokens,
    prompt_tokens::bigint as prompt_tokens,
    score::double as score,
    coalesce(strategy::varchar, 'sampling') as strategy,
    finish_reason::varchar as finish_reason,
    reward_model::varchar as reward_model,
    temperature::double as temperature,
    top_p::double as top_p,
    max_tokens::bigint as max_tokens,
    frequency_penalty::double as frequency_penalty,
    coalesce(run_id::varchar, getvariable('run_id')) as run_id
from source
order by run_id, question_id, sample_index
