-- Published peaks of allocated GPU memory of Qwen3 under transformers 4.51: weights and cache of one sequence, nothing
-- else.
-- Older transformers kept the logits of the whole prompt as well, so their rows say nothing of weights and cache.
-- in:  $file: qwen_speed_benchmark.csv
-- out: model, precision, prompt_tokens, generated_tokens, measured_bytes
select
    model,
    case quant when 'BF16' then 'bf16' when 'FP8' then 'fp8' when 'GPTQ-Int8' then 'int8' else 'int4' end as precision,
    isl as prompt_tokens,
    osl as generated_tokens,
    gpu_mem_gb * 1024 ** 3 as measured_bytes
from read_csv($file)
where framework = 'transformers-4.51.3' and n_gpu = 1 and gpu_mem_gb is not null
order by all
