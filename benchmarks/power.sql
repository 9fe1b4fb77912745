-- Loads with a measured power.
-- in:  table runs
-- out: the columns that performance/plausible.py takes, and power_w
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
    ttft_s,
    tpot_s,
    request_s,
    output_tokens_per_s,
    offline,
    replicas,
    prefill_parallelism,
    dummy_weights,
    doubt,
    power_w
from runs
where status = 'ok' and power_w > 0
order by all
