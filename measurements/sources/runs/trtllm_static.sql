-- Whole batches of a fixed size under TensorRT-LLM 0.9, from the tables of its documentation. Those of later versions
-- are left out: they give tokens per second of as many requests as an engine takes, and not how many those were. The
-- cache of fp8 weights is taken for fp8, too: reading one of 16 bit takes longer than six of these batches took.
-- in:  $data: folder with trtllm_perf_overview.csv
-- out: columns of runs
select
    'trtllm-static' as run_id,
    'NVIDIA TensorRT-LLM documentation, performance overview at ' || commit[:12] || ' (Apache-2.0)' as source,
    '2024' as measured_at,
    model,
    case gpu
        when 'A100-SXM-80GB' then 'a100-sxm-80gb'
        when 'H100-SXM-80GB' then 'h100-sxm'
        when 'H200-SXM-141GB' then 'h200-sxm'
        when 'L40S' then 'l40s'
    end as gpu,
    'tp' || tp || if(pp > 1, 'pp' || pp, '') as parallelism,
    if(precision = 'FP8', 'fp8', 'bf16') as precision,
    if(precision = 'FP8', 'fp8', 'bf16') as kv_precision,
    'trtllm' as engine,
    '0.9' as engine_version,
    isl as prompt_tokens,
    osl as generated_tokens,
    batch_size as concurrency,
    batch_size * osl / out_tok_s_total as request_s,
    out_tok_s_total as output_tokens_per_s,
    true as offline
from read_csv($data || '/trtllm_perf_overview.csv')
where mode = 'offline_static_batch' and batch_size > 0 and model not in ('EleutherAI/gpt-j-6b', 'tiiuae/falcon-180B')
order by all
