-- Runs with a measured time. Zero means not measured: benchmarks give it for answers of one token, or without
-- streaming.
-- The median of TPOT stands for its mean where that was not published; not that of TTFT, whose distribution is skewed.
-- Random weights run only in an engine in process.
-- Of two that are one measurement the first counts: their order is fixed, first what says how the cache was kept.
-- in:  table runs
-- out: the columns that performance/plausible.py takes, with source, note, own, in_process (of what ships) and
--      through_front_end
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
    nullif(ttft_s, 0) as ttft_s,
    coalesce(nullif(tpot_s, 0), nullif(tpot_p50_s, 0)) as tpot_s,
    nullif(request_s, 0) as request_s,
    nullif(output_tokens_per_s, 0) as output_tokens_per_s,
    coalesce(offline, false) as offline,
    replicas::double as replicas,
    coalesce(prefill_parallelism, '') as prefill_parallelism,
    dummy_weights,
    coalesce(doubt, '') as doubt,
    source,
    note,
    own,
    not own and coalesce(dummy_weights, false) as in_process,
    front_end is not null as through_front_end
from runs
where status = 'ok' and (tpot_s > 0 or request_s > 0 or output_tokens_per_s > 0)
order by
    model,
    gpu,
    engine,
    parallelism,
    runs.precision,
    concurrency,
    runs.kv_precision is null,
    runs.prompt_tokens,
    runs.generated_tokens,
    runs.tpot_s,
    runs.ttft_s,
    runs.request_s,
    runs.output_tokens_per_s,
    runs.doubt,
    runs.source,
    runs.note,
    own,
    runs.run_id
