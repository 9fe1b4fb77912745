-- The tables of what was seen: typed and empty first, so that every query runs on an empty workspace.

-- samples: one row an answer drawn from a model (measurements/samples/*.parquet)
create table if not exists samples (
    model            varchar,   -- Hugging Face id
    task             varchar,   -- gpqa-diamond, otis-mock-aime, …
    question_id      varchar,   -- stable within the task
    sample_index     bigint,    -- 0, 1, … within (run, question)
    answer           varchar,   -- extracted answer, or a class that stands for it; null: none could be extracted
    correct          boolean,
    generated_tokens bigint,    -- reasoning included; null: not recorded
    prompt_tokens    bigint,
    score            double,    -- reward of the answer, where a reward model scored it
    reward_model     varchar,   -- that model; null: none, or not recorded
    strategy         varchar,   -- how it was drawn, default sampling
    finish_reason    varchar,   -- stop, length, loop, error
    temperature      double,    -- this and the next three: how it was drawn; answers drawn differently are not pooled
    top_p            double,
    max_tokens       bigint,
    frequency_penalty double,
    run_id           varchar,   -- the run that drew it; names the file
    budget           bigint,    -- samples, width, iterations or tokens, as the strategy counts; null: not recorded
    search_generated_tokens bigint, -- of the whole search of this question, discarded branches included; the same in all its rows
    search_scored_tokens    bigint,
    search_prompt_tokens    bigint, -- computed; search_cached_tokens came from the prefix cache
    search_cached_tokens    bigint,
    search_depth_tokens     bigint, -- the longest chain of tokens that had to wait for each other
    own              boolean    -- from the user's workspace, not shipped
);
