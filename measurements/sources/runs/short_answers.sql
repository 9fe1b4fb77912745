-- Short answers to prompts of many lengths: MiniMax-M2.5 in fp8, its checkpoint's precision, under vLLM on eight H200.
-- dep8 is data-parallel attention, tep8 tensor-parallel attention, both with the experts dealt out. Only medians and
-- 99th percentiles are published, and tokens per second; TTFT holds the burst that the benchmark begins with.
-- in:  $data: folder with short_answers_moe.csv
-- out: columns of runs
select
    'short-answers' as run_id,
    'SemiAnalysisAI/InferenceX (Apache-2.0)' as source,
    strftime(strptime(date, '%Y%m%d-%H%M%S'), '%Y-%m-%dT%H:%M:%S') as measured_at,
    model,
    'h200-sxm' as gpu,
    case parallel when 'dep8' then 'dp8' when 'tep8' then 'tp8ep' end as parallelism,
    'fp8' as precision,
    framework as engine,
    isl as prompt_tokens,
    osl as generated_tokens,
    concurrency,
    completed as n_requests,
    duration_s,
    median_ttft_s as ttft_p50_s,
    p99_ttft_s as ttft_p99_s,
    median_tpot_s as tpot_p50_s,
    p99_tpot_s as tpot_p99_s,
    output_tok_s as output_tokens_per_s,
    'the burst that the benchmark begins with is in every figure of so few requests: kept to check predictions' as doubt
from read_csv($data || '/short_answers_moe.csv', types = {'date': 'varchar'})
order by all
