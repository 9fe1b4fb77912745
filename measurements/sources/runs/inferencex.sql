-- Published serving runs of vLLM, SGLang and TensorRT-LLM. Tensor parallelism over all GPUs, unless attention was
-- data-parallel; `ep` where the experts were dealt out besides. InferenceX draws both lengths evenly from 0.8 to 1 of
-- the nominal ones (its benchmark_serving.py, RANDOM_RANGE_RATIO 0.8): the mean is 0.9. The validation samples hold
-- runs of InferenceX, too, known by its models and lengths. Its scripts (benchmarks/*.sh, one a model, GPU and
-- engine) and perf-changelog.yaml say in what precision the KV cache was kept, and since when; where only two
-- versions of a script are known (MiniMax-M2.5, Kimi-K2.5, gpt-oss under vLLM), the date between them is our reading.
-- The validation samples do not say it. They are of Dynamo's deployments, whose front end requests pass. Speculative
-- decoding is not said of a row, so it is known by the day on which rows came out. A day of one model, GPU, engine and
-- precision where half the rows or more are suspected is suspected
-- as a whole: rows not suspected one by one are large batches, where drafting gains little. On other days with
-- suspected rows the faster of two rows of one load is, where they differ by more than 5 %: the day has both kinds.
-- Qwen3.5 in fp8 under SGLang 0.5.9 drafted on four Blackwell GPUs, as no row says: with four in flight it took two
-- thirds to three quarters of what the same version took on eight of them (TPOT of 5.3 against 7.9 ms on B300, 6.3
-- against 8.3 ms on B200), with 256 it was slower than the next version (45 against 35 ms), and TTFT was up to three
-- times as long.
-- Validation samples of Dynamo deployments do not say how many engines share the requests: TPOT of gpt-oss-120b on
-- four H100 is the same with 160 and with 384 in flight, that of Qwen3-32B on two GB200 five times as long with two in
-- flight as with one.
-- in:  $data: folder with serving_inferencex.csv
-- out: columns of runs
with published as (
    select
        *,
        origin like 'inferencex%' or model in ('Qwen/Qwen3.5-397B-A17B', 'moonshotai/Kimi-K2.5') as is_inferencex,
        avg(spec_decode_suspect) over day_of_one as suspected_share,
        max(tpot_ms) over (
            partition by
                model, gpu, backend, precision, measured_date, n_gpu, ep_size, dp_attention, isl, osl, concurrency
        ) as slowest_ms
    from read_csv($data || '/serving_inferencex.csv')
    where tpot_ms > 0
    window day_of_one as (partition by model, gpu, backend, precision, measured_date)
)

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
    if(dp_attention = 1, 'dp', 'tp') || n_gpu || if(dp_attention = 0 and n_gpu > 1 and ep_size = n_gpu, 'ep', '')
        as parallelism,
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
    if(is_inferencex, 0.9, 1) * isl as prompt_tokens,
    if(is_inferencex, 0.9, 1) * osl as generated_tokens,
    concurrency,
    ttft_ms / 1000 as ttft_s,
    tpot_ms / 1000 as tpot_s,
    if(is_inferencex, null, 'dynamo') as front_end,
    case
        when n_gpu_suspect = 1
            then 'number of GPUs doubtful: rows of that day and GPU count those that prefill apart, too'
        when spec_decode_suspect = 1 then 'speculative decoding suspected: much faster than the same load on other days'
        when measured_date is not null and suspected_share >= 0.5
            then 'speculative decoding suspected: most loads of that model, GPU, engine and day are'
        when measured_date is not null and suspected_share > 0 and tpot_ms < slowest_ms / 1.05
            then 'speculative decoding suspected: the same load of that day took longer without'
        when
            model = 'Qwen/Qwen3.5-397B-A17B' and backend = 'sglang' and backend_version = '0.5.9'
            and precision = 'fp8' and gpu like 'B_00%' and n_gpu = 4 and ep_size = 1
            then 'speculative decoding suspected: faster than the same load on twice the GPUs'
        when origin = 'nvidia_internal_gtl'
            then 'number of engines doubtful: not said of this collection, where times do not follow the load'
    end as doubt,
    'published as ' || model_as_published || ', ' || id || if(wip, ', work in progress then', '') as note
from published
order by all
