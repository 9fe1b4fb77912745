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

-- runs: one row a load that an engine was measured under (measurements/runs/*.parquet); null: not measured
create table if not exists runs (
    run_id           varchar,   -- the profile or import it belongs to; names the file
    source           varchar,   -- what measured it: advisor profile, vllm bench serve, guidellm, …
    measured_at      varchar,   -- ISO 8601, as far as known
    model            varchar,   -- Hugging Face id, or the name of an own model
    gpu              varchar,
    parallelism      varchar,   -- tp1, tp8, dp4, …
    precision        varchar,   -- of the weights
    kv_precision     varchar,   -- of the KV cache: bf16 or fp8; null: not recorded, taken for bf16, the engines' default
    engine           varchar,   -- vllm, sglang, trtllm
    engine_version   varchar,
    status           varchar,   -- ok, oom (out of memory), failed
    prompt_tokens    double,    -- mean of the requests, as all times without a percentile
    generated_tokens double,
    concurrency      double,    -- requests in flight: the limit where one was set, else the mean
    request_rate     double,    -- requests/s offered; null: a new one as soon as one is answered
    n_requests       bigint,    -- answered
    duration_s       double,
    ttft_s           double,
    ttft_p50_s       double,
    ttft_p90_s       double,
    ttft_p99_s       double,
    tpot_s           double,    -- (end to end − TTFT) / (generated − 1)
    tpot_p50_s       double,
    tpot_p90_s       double,
    tpot_p99_s       double,
    request_s        double,    -- end to end
    request_p50_s    double,
    request_p90_s    double,
    request_p99_s    double,
    output_tokens_per_s double, -- of the whole deployment
    weights_bytes    bigint,    -- of all GPUs together, as the rest
    kv_cache_bytes   bigint,    -- set aside for the cache
    kv_cache_tokens  bigint,    -- that fit into it at once
    peak_memory_bytes bigint,
    power_w          double,
    energy_j         double,
    start_s          double,    -- until the engine takes requests
    clock_hz         double,
    driver           varchar,
    expert_skew      double,    -- how unevenly a mixture's experts were liked by real questions (docs/method.md); null: not counted
    dummy_weights    boolean,   -- random weights: a mixture of experts routes evenly
    note             varchar,   -- why it failed, say
    own              boolean    -- from the user's workspace, not shipped
);
