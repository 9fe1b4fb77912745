-- Published serving runs with prefill and decoding on GPUs of their own: `parallelism` and `replicas` are of the
-- engines that decode, prefill_parallelism and prefill_replicas of those that read prompts, concurrency is of all
-- together. Where the source does not say how many engines there were, both layouts stand for all of their GPUs, and
-- the row is doubtful. Lengths as in inferencex.sql. Whether tokens were drafted is not said, nor the precision of
-- the KV cache.
-- in:  $data: folder with serving_disagg_inferencex_nvidia.csv
-- out: columns of runs
with published as (
    select
        *,
        if(origin like 'inferencex%', 0.9, 1) as mean_length,
        'tp' || decode_tp_size::int || if(decode_pp_size > 1, 'pp' || decode_pp_size::int, '')
        || case
            when decode_attention_dp_size > 1 then 'dp' || decode_attention_dp_size::int
            when decode_moe_ep_size > 1 then 'ep'
            else ''
        end as decodes,
        'tp' || prefill_tp_size::int || if(prefill_pp_size > 1, 'pp' || prefill_pp_size::int, '')
        || case
            when prefill_attention_dp_size > 1 then 'dp' || prefill_attention_dp_size::int
            when prefill_moe_ep_size > 1 then 'ep'
            else ''
        end as prefills
    from read_csv($data || '/serving_disagg_inferencex_nvidia.csv')
    where tpot_ms > 0 and concurrency > 0
)

select
    'inferencex-disaggregated' as run_id,
    case
        when origin like 'inferencex%' then 'SemiAnalysisAI/InferenceX (Apache-2.0)'
        else 'ai-dynamo/aiconfigurator validation samples (Apache-2.0)'
    end as source,
    measured_date::varchar as measured_at,
    model,
    case gpu
        when 'H100-SXM-80GB' then 'h100-sxm'
        when 'H200-SXM-141GB' then 'h200-sxm'
        when 'B200-180GB' then 'b200-sxm'
        when 'B300-288GB' then 'b300-sxm'
        when 'GB200-192GB' then 'gb200'
        when 'GB300-288GB' then 'gb300'
    end as gpu,
    decodes as parallelism,
    coalesce(precision, 'bf16') as precision,
    backend as engine,
    backend_version as engine_version,
    mean_length * isl as prompt_tokens,
    mean_length * osl as generated_tokens,
    concurrency,
    ttft_ms / 1000 as ttft_s,
    tpot_ms / 1000 as tpot_s,
    decode_num_workers::int as replicas,
    prefills as prefill_parallelism,
    prefill_num_workers::int as prefill_replicas,
    if(
        decode_num_workers > 0 and prefill_num_workers > 0,
        null,
        'how the GPUs are split into engines is not published: each layout names all of them as one'
    ) as doubt,
    id as note
from published
order by all
