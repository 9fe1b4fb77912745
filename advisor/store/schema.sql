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
    strategy         varchar,   -- how it was drawn, default sampling
    finish_reason    varchar,   -- stop, length, loop, error
    temperature      double,
    run_id           varchar,   -- the run that drew it; names the file
    own              boolean    -- from the user's workspace, not shipped
);
