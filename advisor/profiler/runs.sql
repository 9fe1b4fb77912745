-- Runs that tell how long a load took.
-- in:  table runs; out: the columns that performance/runs.py takes, with source and note
select
    model, gpu, parallelism, precision, engine, prompt_tokens, generated_tokens, concurrency,
    ttft_s, tpot_s, request_s, output_tokens_per_s, source, note, own
from runs
where status = 'ok' and (tpot_s > 0 or request_s > 0 or output_tokens_per_s > 0)
