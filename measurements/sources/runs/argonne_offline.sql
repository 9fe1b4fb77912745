-- Whole batches under vLLM and TensorRT-LLM of 2024, all requests at once; which versions is not known. Figures
-- published under two labels, or rounded otherwise, are taken once. GPUs of MI250 are taken for whole ones:
-- Llama-3-70B does not fit in two dies, and times fall with the number of GPUs as reading over whole ones makes them.
-- EP and TP 2 × EP 2 deal the experts out, the latter in two groups. Power is of the machine's GPUs where it is above
-- the limit of one.
-- in:  $data: folder with argonne_offline.csv
-- out: columns of runs
with named as (
    select
        *,
        format('{:.4e}', latency_s) as rounded,
        case
            when n_gpu = 1 then 'tp1'
            when parallelism in ('Pipeline Parallelism', 'PP') then 'pp' || n_gpu
            when parallelism like 'Hybird Tensor (2)%' then 'tp2pp2'
            when parallelism like '%EP%' then 'tp' || n_gpu || 'ep'
            else 'tp' || n_gpu
        end as layout,
        case gpu
            when 'A100-SXM-40GB' then 'a100-sxm-40gb'
            when 'GH200' then 'gh200-96gb'
            when 'H100' then 'h100-sxm'
            when 'MI250' then 'mi250'
            when 'MI300X' then 'mi300x'
        end as our_gpu
    from read_csv($data || '/argonne_offline.csv')
)

select
    'argonne-offline' as run_id,
    'argonne-lcf/LLM-Inference-Bench (BSD-3-Clause)' as source,
    '2024' as measured_at,
    model,
    our_gpu as gpu,
    layout as parallelism,
    'bf16' as precision,
    'bf16' as kv_precision,
    if(framework = 'vLLM', 'vllm', 'trtllm') as engine,
    isl as prompt_tokens,
    osl as generated_tokens,
    batch_size as concurrency,
    max(latency_s) as request_s,
    max(out_tok_s) as output_tokens_per_s,
    max(avg_power_w) as power_w,
    true as offline,
    if(max(parallelism) like 'Hybrid%', 'experts in two groups', null) as note
from named
where latency_s > 0
group by model, our_gpu, layout, framework, isl, osl, batch_size, rounded
order by all
