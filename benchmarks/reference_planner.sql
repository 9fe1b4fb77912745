-- The published runs as the planner has to be asked about them; flagged rows left out.
-- in:  $file: serving_inferencex.csv
-- out: model, gpu, gpu_count, engine, precision, prompt_tokens, generated_tokens, concurrency,
--      ttft_s, tpot_s, is_moe, dp_attention, ep_size,
--      gemm_quant_mode, moe_quant_mode, measured, id
select
    case model when 'meta-llama/Llama-3.1-70B' then 'meta-llama/Meta-Llama-3.1-70B' else model end as model,
    case gpu
        when 'H100-SXM-80GB' then 'h100-sxm'
        when 'H200-SXM-141GB' then 'h200-sxm'
        when 'B200-180GB' then 'b200-sxm'
        when 'B300-288GB' then 'b300-sxm'
        when 'GB200-192GB' then 'gb200'
    end as gpu,
    n_gpu as gpu_count,
    backend as engine,
    coalesce(precision, 'bf16') as precision,
    isl as prompt_tokens,
    osl as generated_tokens,
    concurrency,
    ttft_ms / 1000 as ttft_s,
    tpot_ms / 1000 as tpot_s,
    is_moe = 1 as is_moe,
    dp_attention = 1 as dp_attention,
    ep_size,
    gemm_quant_mode,
    moe_quant_mode,
    measured_date::varchar as measured,
    id
from read_csv($file)
where spec_decode_suspect = 0 and n_gpu_suspect = 0 and tpot_ms > 0
order by all
