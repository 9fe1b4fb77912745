-- Published serving runs of vLLM, SGLang and TensorRT-LLM; flagged rows (speculative decoding, doubtful GPU count) left
-- out. Tensor parallelism over all GPUs, unless attention was data-parallel.
-- InferenceX draws both lengths evenly from 0.8 to 1 of the nominal ones (its benchmark_serving.py, RANDOM_RANGE_RATIO
-- 0.8): the mean is 0.9. Its scripts (benchmarks/*.sh, one a model, GPU and engine) and perf-changelog.yaml say in what
-- precision the KV cache was kept, and since when; where only two versions of a script are known (MiniMax-M2.5,
-- Kimi-K2.5, gpt-oss under vLLM), the date between them is our reading. The validation samples do not say it.
-- in:  $data: folder with serving_inferencex.csv
-- out: columns of runs
select
    'inferencex' as run_id,
    case origin
        when 'inferencex_csv_dump' then 'SemiAnalysisAI/InferenceX (Apache-2.0)'
        else 'ai-dynamo/aiconfigurator validation samples (Apache-2.0)'
    end
        as source,
    measured_date::varchar as measured_at,
    case model when 'meta-llama/Llama-3.1-70B' then 'meta-llama/Meta-Llama-3.1-70B' else model end as model,
    case gpu
        when 'H100-SXM-80GB' then 'h100-sxm'
        when 'H200-SXM-141GB' then 'h200-sxm'
        when 'B200-180GB' then 'b200-sxm'
        when 'B300-288GB' then 'b300-sxm'
        when 'GB200-192GB' then 'gb200'
    end as gpu,
    if(dp_attention = 1, 'dp', 'tp') || n_gpu as parallelism,
    coalesce(precision, 'bf16') as precision,
    case
        when origin not like 'inferencex%' then null
        when model like '%Llama-3.1-70B' then 'fp8'
        when model like '%gpt-oss-120b' and backend = 'vllm'
            then if(gpu like 'B200%' and measured_date >= '2025-12-01', 'fp8', 'bf16')
        when model like '%gpt-oss-120b' then if(gpu like 'B200%', 'fp8', 'bf16')
        when model like '%DeepSeek-R1' then if(gpu like 'H200%' and backend = 'sglang', 'bf16', 'fp8')
        when model like '%GLM-5' then if(gpu like 'H200%', 'bf16', if(precision = 'fp4', null, 'fp8'))
        when model like '%MiniMax-M2.5' then if(gpu not like 'H100%' and measured_date >= '2026-04-01', 'fp8', 'bf16')
        when model like '%Qwen3.5%' then if(coalesce(precision, 'bf16') = 'bf16', 'bf16', 'fp8')
        when model like '%Kimi-K2.5'
            then if(gpu like 'B200%' and precision = 'fp4' and measured_date >= '2026-04-17', 'fp8', 'bf16')
    end as kv_precision,
    backend as engine,
    backend_version as engine_version,
    if(origin like 'inferencex%', 0.9, 1) * isl as prompt_tokens,
    if(origin like 'inferencex%', 0.9, 1) * osl as generated_tokens,
    concurrency,
    ttft_ms / 1000 as ttft_s,
    tpot_ms / 1000 as tpot_s,
    'published as ' || model_as_published || ', ' || id as note
from read_csv($data || '/serving_inferencex.csv')
where spec_decode_suspect = 0 and n_gpu_suspect = 0 and tpot_ms > 0
order by all
