-- Runs with a measured time. Zero means not measured: benchmarks give it for answers of one token, or without
-- streaming.
-- Random weights run only in an engine in process. Of such loads that ship TTFT is left out: requests to a server take
-- longer to the first token.
-- in:  table runs
-- out: the columns that performance/observed.py takes, with source, note, own and in_process (of what ships)
with answered as (
    select *, not own and coalesce(dummy_weights, false) as in_process
    from runs
    where status = 'ok' and (tpot_s > 0 or request_s > 0 or output_tokens_per_s > 0)
)
select
    model,
    gpu,
    parallelism,
    precision,
    coalesce(kv_precision, 'bf16') as kv_precision,
    engine,
    prompt_tokens,
    generated_tokens,
    concurrency,
    case when not in_process then nullif(ttft_s, 0) end as ttft_s,
    nullif(tpot_s, 0) as tpot_s,
    nullif(request_s, 0) as request_s,
    nullif(output_tokens_per_s, 0) as output_tokens_per_s,
    source,
    note,
    own,
    in_process
from answered
