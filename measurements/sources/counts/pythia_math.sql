-- 128 questions of MATH, 10,000 answers each of seven sizes of Pythia: the released answers of Large Language Monkeys,
-- counted by question. How long an answer was is not said; the released script allows 1,024 tokens.
-- in:  $data: the folder of collected figures
select
    'EleutherAI/pythia-' || lower(split_part(model, ' ', 2)) as model,
    'math' as task,
    problem_idx as question,
    n_correct,
    n_samples,
    'Large Language Monkeys, arXiv 2407.21787' as source,
    'https://github.com/ScalingIntelligence/large_language_monkeys' as source_url,
    '5c2d75abd8c04fe517cab073a27b925d7a65dd90' as source_commit,
    'Apache-2.0' as license
from read_csv($data || '/monkeys_original_pythia_math_10k.csv', all_varchar = true)
