-- 128 questions of GSM8K and as many answers as each size of Pythia drew (128 to 10,112), fully trained: counts of a
-- follow-up of Large Language Monkeys. Its column of compute is left out, which implies from 1 to 50,000 tokens an
-- answer by size, and 14M, for which no config is known here. Neither its repository nor the commit was seen.
-- in:  $data: the folder of collected figures
select
    'EleutherAI/pythia-' || lower(params) as model,
    'gsm8k' as task,
    problem_idx as question,
    n_correct,
    n_samples,
    'follow-up of Large Language Monkeys with Pythia by training tokens' as source,
    '' as source_url,
    'not seen' as source_commit,
    'as its repository; collected with Large Language Monkeys (Apache-2.0)' as license
from read_csv($data || '/pythia_pass_counts.csv', all_varchar = true)
where benchmark = 'GSM8K' and train_tokens = '300B' and params <> '14M'
