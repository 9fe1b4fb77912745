-- Published serving runs of vLLM, SGLang and TensorRT-LLM; flagged rows (speculative decoding, doubtful GPU count) left out.
-- Tensor parallelism over all GPUs, unless attention was data-parallel.
-- in:  $data: folder with serving_inferencex.csv
-- out: columns of runs
select
    'inferencex' as run_id,
    case origin when 'inferencex_csv_dump' then 'SemiAnalysisAI/InferenceX (Apache-2.0)' else 'ai-dynamo/aiconfigurator validation samples (Apache-2.0)' end
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
    backend as engine,
    backend_version as engine_version,
    isl as prompt_tokens,
    osl as generated_tokens,
    concurrency,
    ttft_ms / 1000 as ttft_s,
    tpot_ms / 1000 as tpot_s,
    'published as ' || model_as_published || ', ' || id as note
from read_csv($data || '/serving_inferencex.csv')
where spec_decode_suspect = 0 and n_gpu_suspect = 0 and tpot_ms > 0
order by all
